import { Controller, Get, HttpCode, Query, UseFilters } from '@nestjs/common';
import {
  ApiFoundResponse,
  ApiNoContentResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Forbidden, NotAuthenticated } from '../../access/access-errors.js';
import { Allow, OrServiceAccount } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { includesRole, USER_ROLES, type UserRole } from '../../access/role.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { SignInHint } from './sign-in-hint.js';

const SIGN_IN = ['hint', 'redirect'] as const;

class VerifyQuery {
  @ApiPropertyOptional({
    enum: USER_ROLES,
    enumName: 'UserRole',
    description: 'the least role that is needed; a lower one is refused with 403',
  })
  @IsOptional()
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role?: UserRole;

  @ApiPropertyOptional({
    enum: SIGN_IN,
    enumName: 'SignInAnswer',
    description: `what a visitor who is not signed in gets: 401 whose \`X-Auth-Sign-In\` is the address of the page for it (\`hint\`, or none), or, if a browser
asks for a page, 302 to it (\`redirect\`), for proxies that pass the answer on as it is`,
  })
  @IsOptional()
  @IsIn(SIGN_IN, { message: `must be one of ${SIGN_IN.join(', ')}` })
  readonly signIn?: (typeof SIGN_IN)[number];
}

const HEADERS = {
  'X-Auth-User': { description: "the user's id, which never changes", schema: { type: 'string' } },
  'X-Auth-Role': { description: 'the role now', schema: { type: 'string', enum: [...USER_ROLES] as string[] } },
  'X-Auth-Email': {
    description:
      'the confirmed address; absent without one. Everything but printable ASCII, and the percent sign, is percent-encoded as UTF-8',
    schema: { type: 'string' },
  },
};

const DESCRIPTION = `For a proxy in front of an application that knows nothing of Roster (\`auth_request\` of nginx, \`forwardAuth\` of Traefik, \`forward_auth\` of Caddy): it
passes on the headers of each request, and lets it through with those of a 204. By access token, key of a service account with the scope \`verify\`, or the cookie
of a browser session, which counts as used: somebody works with the application. \`X-Forwarded-Proto\`, \`X-Forwarded-Host\` and \`X-Forwarded-Uri\` name the page
that was asked for, to come back to after signing in; only to this host and SIGN_IN_REDIRECTS.`;

@ApiTags('Auth')
@Controller('auth/verify')
@UseFilters(SignInHint)
export class VerifyController {
  constructor(private readonly users: UserLookup) {}

  @Get()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @OrServiceAccount('verify')
  @ApiOperation({ operationId: 'verify', summary: 'Let a request through a proxy', description: DESCRIPTION })
  @ApiNoContentResponse({ headers: HEADERS })
  @ApiFoundResponse({
    description: 'To the page for signing in, with `signIn=redirect`.',
    headers: { Location: { schema: { type: 'string' } } },
  })
  @ApiUnauthorizedResponse({
    description: 'Nobody is signed in: `not-authenticated`.',
    headers: {
      ...apiHeaders('WWW-Authenticate'),
      'X-Auth-Sign-In': {
        description: 'the address of the page to sign in, which leads back; absent if a token was sent',
        schema: { type: 'string', format: 'uri' },
      },
    },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  @ApiProblems('validation-failed', 'forbidden')
  async verify(
    @Query() { role }: VerifyQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<void> {
    if (role !== undefined && !includesRole(caller.role, role)) throw new Forbidden();
    const user = await this.users.findById(caller.userId);
    if (!user) throw new NotAuthenticated();
    void reply.headers({ 'x-auth-user': caller.userId, 'x-auth-role': caller.role });
    if (user.email !== null && user.emailVerified) void reply.header('x-auth-email', headerValue(user.email));
  }
}

/** Headers hold ASCII (RFC 9110, 5.5). Undone by `decodeURIComponent`. */
function headerValue(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));
}
