import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { NotAuthenticated } from '../../access/access-errors.js';
import { Allow, OrClientCredentials, OrServiceAccount, OrServiceToken } from '../../access/allow.decorator.js';
import { clientCredentialsIn } from '../../access/client-credentials.js';
import { AccessTokenAuthentication } from '../../auth/sessions/access-token.authentication.js';
import { claimsOf } from '../../auth/sessions/assurance.js';
import { SessionStates } from '../../auth/sessions/session-states.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { Clients } from '../clients/clients.js';
import { type IntrospectedOpenIdToken, OpenIdTokens } from '../provider/openid-tokens.js';
import { IntrospectDto, IntrospectionResponse } from './introspection.dto.js';

const INACTIVE: IntrospectionResponse = { active: false };

@ApiTags('Auth')
@Controller('auth')
export class IntrospectionController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly authentication: AccessTokenAuthentication,
    private readonly states: SessionStates,
    private readonly tokens: OpenIdTokens,
    private readonly clients: Clients,
  ) {}

  @Post('introspect')
  @HttpCode(200)
  @Allow('ADMIN')
  @OrServiceToken('INTROSPECTION_TOKEN')
  @OrServiceAccount('introspect')
  @OrClientCredentials()
  @ApiOperation({
    operationId: 'introspect',
    summary: 'Introspect an access token',
    description: `RFC 7662, for services that must notice a logout or a new role immediately. They send the key of a service
account with the scope \`introspect\` as their bearer token; its role does not matter. The value of INTROSPECTION_TOKEN is accepted for this
release only. For them, \`active\` are access tokens of Roster's own API and tokens that service accounts and applications got for
themselves; the JWT of an application that acts for a user is so only if \`audience\` names the service that it was made for: what a user
gave to one application is worth nothing to another. An application sends its own credentials, by HTTP Basic or in the body, and is told
of the tokens that it was given itself: access tokens, in either form, and refresh tokens.`,
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiOkResponse({ type: IntrospectionResponse })
  @ApiProblems('validation-failed')
  async introspect(
    @Body() { token, audience }: IntrospectDto,
    @Req() request: FastifyRequest,
  ): Promise<IntrospectionResponse> {
    const credentials = clientCredentialsIn(request);
    if (!credentials)
      return (
        (await this.ofOwnApi(token)) ?? (await this.ofApplication(token, fitsService(request, audience))) ?? INACTIVE
      );
    const { clientId, clientSecret } = credentials;
    if (!(await this.clients.verifySecret(clientId, clientSecret))) {
      throw new NotAuthenticated('There is no application with this client_id and this secret.');
    }
    // What others were given is none of its business.
    return (await this.ofApplication(token, (found) => found.clientId === clientId)) ?? INACTIVE;
  }

  private async ofOwnApi(token: string): Promise<IntrospectionResponse | undefined> {
    const found = await this.authentication.introspect(token);
    if (!found) return undefined;
    const { sub: _, sid: __, ...claims } = found.proved;
    const { userId: sub, sessionId: sid, role } = found.caller;
    const assurance = await this.states.assuranceOf(sid);
    if (!assurance) return undefined;
    const { PUBLIC_URL: origin } = this.settings;
    return {
      active: true,
      token_type: 'Bearer',
      sub,
      sid,
      role,
      iss: origin,
      aud: origin,
      ...claims,
      ...claimsOf(assurance),
    };
  }

  /** @param fits whether it is the business of the one who asks */
  private async ofApplication(
    token: string,
    fits: (found: IntrospectedOpenIdToken) => boolean,
  ): Promise<IntrospectionResponse | undefined> {
    const found = await this.tokens.introspect(token);
    if (!found || !fits(found)) return undefined;
    const { clientId, isRefreshToken, actsForItself: _, sid, ...claims } = found;
    const assurance = sid === undefined ? undefined : await this.states.assuranceOf(sid);
    if (sid !== undefined && !assurance) return undefined;
    return {
      active: true,
      ...(!isRefreshToken && { token_type: 'Bearer' as const }),
      ...claims,
      ...(sid !== undefined && { sid }),
      client_id: clientId,
      iss: this.settings.PUBLIC_URL,
      ...(assurance && claimsOf(assurance)),
    };
  }
}

/**
 * Whether a token is good at the service that asks. One that an application got for a user is good at that application, or at the service
 * that the JWT names: otherwise every application could act as its users everywhere. Admins are no service, and may look at each.
 */
function fitsService({ caller }: FastifyRequest, audience: string | undefined) {
  const isAdmin = caller !== undefined && caller.service === undefined;
  return (found: IntrospectedOpenIdToken): boolean =>
    !found.isRefreshToken &&
    (isAdmin || found.actsForItself || (found.aud === audience && found.aud !== found.clientId));
}
