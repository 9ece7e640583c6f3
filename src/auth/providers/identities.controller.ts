import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { IdentityList, IdentityResponse, LinkStart } from './identity.dto.js';
import { LinkIdentityDto } from './provider.dto.js';
import { ProviderDepartures } from './provider-departures.js';
import { ProviderFailure, ProviderUnavailable } from './provider-errors.js';
import { Providers } from './providers.js';
import { UserIdentities } from './user-identities.js';

/** Who a user is at other providers. */
@ApiTags('Users')
@Controller('users/:id/identities')
export class IdentitiesController {
  constructor(
    private readonly identities: UserIdentities,
    private readonly providers: Providers,
    private readonly departures: ProviderDepartures,
    private readonly targets: ContinueTargets,
  ) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listIdentities',
    summary: 'List the linked identities of a user',
    description: 'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN.',
  })
  @ApiOkResponse({ type: IdentityList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<IdentityList> {
    const items = await this.identities.list({ id, caller });
    return { items: items.map((one) => IdentityResponse.from(one, this.providers.nameOf(one.provider))) };
  }

  @Post(':providerId/start')
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @Limit('provider-start')
  @ApiUserId()
  @ApiParam({ name: 'providerId', example: 'google', schema: { type: 'string' } })
  @ApiOperation({
    operationId: 'startLinkingIdentity',
    summary: 'Begin to link an identity',
    description:
      'Only for your own account. The browser that sent this request, and keeps its cookies, goes to `authorizationUrl` and comes back to `continue`, or to the page of the account. You are notified by mail.',
  })
  @ApiBody({ type: LinkIdentityDto, required: false })
  @ApiOkResponse({ type: LinkStart })
  @ApiProblems('validation-failed', 'forbidden', 'not-found', 'provider-unavailable')
  async start(
    @UserId() id: string,
    @Param('providerId') providerId: string,
    @Body() { continue: target }: LinkIdentityDto = {},
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<LinkStart> {
    await this.identities.mayLink({ id, caller });
    const provider = this.providers.find(providerId);
    const flow = {
      purpose: 'link',
      ...{ userId: id, sessionId: caller.sessionId, continueTo: this.targets.check(target) },
      ...{ keepSignedIn: false, codeChallenge: null },
    } as const;
    try {
      return { authorizationUrl: await this.departures.begin(reply, provider, flow) };
    } catch (error) {
      throw error instanceof ProviderFailure ? new ProviderUnavailable() : error;
    }
  }

  @Delete(':identityId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiParam({ name: 'identityId', schema: { type: 'string', format: 'uuid' } })
  @ApiOperation({
    operationId: 'unlinkIdentity',
    summary: 'Unlink an identity',
    description:
      'Your own, or any user’s as an ADMIN. Not the last sign-in method. Sessions go on. The user is notified by mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found', 'sign-in-method-stays', 'refused-by-handler')
  async remove(
    @UserId() id: string,
    @Param('identityId') identityId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.identities.remove({ id, caller, context, ifMatch }, identityId);
  }
}
