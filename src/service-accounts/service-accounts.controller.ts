import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../access/caller.js';
import { RequireStepUp } from '../access/require-step-up.decorator.js';
import { Clock } from '../config/clock.js';
import { apiHeaders } from '../http/openapi/api-answers.js';
import { Reply } from '../http/request/reply.decorator.js';
import { ApiProblems } from '../problems/api-problems.js';
import { ServiceAccountActs } from './service-account-acts.js';
import {
  ChangeServiceAccountDto,
  NewServiceAccountDto,
  ServiceAccountList,
  ServiceAccountResponse,
} from './service-account.dto.js';
import { ApiServiceAccountId, ServiceAccountId } from './service-account-id.js';

/** Accounts for other services: users of kind SERVICE, with keys instead of ways to sign in. */
@ApiTags('Service accounts')
@Controller('service-accounts')
export class ServiceAccountsController {
  constructor(
    private readonly accounts: ServiceAccountActs,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiOperation({
    operationId: 'createServiceAccount',
    summary: 'Create a service account',
    description: `A user of kind SERVICE: it has no address and cannot sign in, and people lists do not show it. Make it a key next.
Its role and its scopes are asked for both. Its role is changed, and it is suspended, as that of any user.`,
  })
  @ApiCreatedResponse({ type: ServiceAccountResponse, headers: apiHeaders('Location') })
  @ApiProblems('validation-failed', 'refused-by-handler')
  async create(
    @Body() body: NewServiceAccountDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<ServiceAccountResponse> {
    const created = await this.accounts.create(body, { caller, context });
    void reply.header('location', `/service-accounts/${created.id}`);
    return ServiceAccountResponse.from(created, this.clock.now());
  }

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listServiceAccounts',
    summary: 'List the service accounts, the oldest first',
    description: 'The first thousand in one page; `GET /users?kind=SERVICE` has all in pages.',
  })
  @ApiOkResponse({ type: ServiceAccountList })
  async list(): Promise<ServiceAccountList> {
    const now = this.clock.now();
    return { items: (await this.accounts.list()).map((user) => ServiceAccountResponse.from(user, now)) };
  }

  @Get(':id')
  @Allow('ADMIN')
  @ApiServiceAccountId()
  @ApiOperation({
    operationId: 'getServiceAccount',
    summary: 'Get a service account',
    description: 'Without its keys.',
  })
  @ApiOkResponse({ type: ServiceAccountResponse })
  @ApiProblems('not-found')
  async get(@ServiceAccountId() id: string): Promise<ServiceAccountResponse> {
    return ServiceAccountResponse.from(await this.accounts.find(id), this.clock.now());
  }

  @Patch(':id')
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiServiceAccountId()
  @ApiOperation({
    operationId: 'changeServiceAccount',
    summary: 'Rename a service account, or change its scopes',
    description: 'The scopes apply to all its keys, from the next request on.',
  })
  @ApiOkResponse({ type: ServiceAccountResponse })
  @ApiProblems('validation-failed', 'nothing-to-update', 'not-found', 'refused-by-handler')
  async change(
    @ServiceAccountId() id: string,
    @Body() body: ChangeServiceAccountDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
  ): Promise<ServiceAccountResponse> {
    return ServiceAccountResponse.from(await this.accounts.change({ id, caller, context }, body), this.clock.now());
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiServiceAccountId()
  @ApiOperation({
    operationId: 'deleteServiceAccount',
    summary: 'Delete a service account and retire its keys',
    description: 'As the deletion of a user. `POST /users/{id}/restore` brings it back, without keys.',
  })
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'refused-by-handler')
  async remove(
    @ServiceAccountId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.accounts.remove({ id, caller, context });
  }
}
