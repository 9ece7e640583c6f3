import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../access/caller.js';
import { RequireStepUp } from '../access/require-step-up.decorator.js';
import { ApiProblems } from '../problems/api-problems.js';
import { ServiceAccountActs } from './service-account-acts.js';
import { ApiServiceAccountId, ApiServiceKeyId, ServiceAccountId, ServiceKeyId } from './service-account-id.js';
import { CreatedServiceKeyResponse, NewServiceKeyDto, ServiceKeyList, ServiceKeyResponse } from './service-key.dto.js';

/** The keys of a service account. Several live at once, so that one can be replaced without a gap. */
@ApiTags('Service accounts')
@Controller('service-accounts/:id/keys')
export class ServiceKeysController {
  constructor(private readonly accounts: ServiceAccountActs) {}

  @Post()
  @Allow('ADMIN')
  // Who has the key is the service.
  @RequireStepUp()
  @ApiServiceAccountId()
  @ApiOperation({
    operationId: 'createServiceKey',
    summary: 'Make a key of a service account',
    description: `The key is shown only once. Its form is \`roster_<id>_<secret>_<checksum>\`. To replace one, make another, let the
service use that, and retire the old one.`,
  })
  @ApiCreatedResponse({ type: CreatedServiceKeyResponse })
  @ApiProblems('validation-failed', 'not-found', 'too-many-keys', 'refused-by-handler')
  async create(
    @ServiceAccountId() id: string,
    @Body() { name, expiresAt, networks }: NewServiceKeyDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
  ): Promise<CreatedServiceKeyResponse> {
    const wanted = { name, expiresAt: expiresAt ?? null, networks: networks ?? [] };
    const { key, made } = await this.accounts.addKey({ id, caller, context }, wanted);
    return Object.assign({ key }, ServiceKeyResponse.from(id, made));
  }

  @Get()
  @Allow('ADMIN')
  @ApiServiceAccountId()
  @ApiOperation({
    operationId: 'listServiceKeys',
    summary: 'List the keys of a service account, the oldest first',
    description: 'Those that are not retired, in one page, with their last use. Keys themselves are not shown.',
  })
  @ApiOkResponse({ type: ServiceKeyList })
  @ApiProblems('not-found')
  async list(@ServiceAccountId() id: string): Promise<ServiceKeyList> {
    return { items: (await this.accounts.keysOf(id)).map((key) => ServiceKeyResponse.from(id, key)) };
  }

  @Delete(':keyId')
  @HttpCode(204)
  @Allow('ADMIN')
  @ApiServiceAccountId()
  @ApiServiceKeyId()
  @ApiOperation({
    operationId: 'retireServiceKey',
    summary: 'Retire a key',
    description: 'It is refused from the next request on here, and within 100 ms on every other server. For good.',
  })
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'refused-by-handler')
  async retire(
    @ServiceAccountId() id: string,
    @ServiceKeyId() keyId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.accounts.retireKey({ id, caller, context }, keyId);
  }
}
