import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { CLIENT_SCOPES } from '../clients/client.js';
import { UserGrants } from './user-grants.js';

class GrantResponse {
  @ApiProperty({ example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', description: 'the id of the application' })
  readonly clientId: string;
  @ApiProperty({ type: String, nullable: true, example: 'Grafana', description: 'null if it was removed since' })
  readonly name: string | null;
  @ApiProperty({ enum: CLIENT_SCOPES, isArray: true, description: 'what it may know', example: ['openid', 'email'] })
  readonly scopes: readonly string[];
  @ApiProperty({
    type: String,
    isArray: true,
    description: 'the services that it may reach on behalf of the user, as far as the user was asked',
    example: ['https://billing.example.com'],
  })
  readonly resources: readonly string[];
  @ApiProperty({ format: 'date-time', description: 'when the user first signed in to it' }) readonly since: string;
}

class GrantList {
  @ApiProperty({ type: [GrantResponse] }) readonly items: GrantResponse[];
}

/** The applications that a user has signed in to. */
@ApiTags('Users')
@Controller('users/:id/grants')
export class GrantsController {
  constructor(private readonly grants: UserGrants) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listGrants',
    summary: 'List the applications that a user has signed in to',
    description:
      'The newest first. Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN: the permissions of the list of sessions.',
  })
  @ApiOkResponse({ type: GrantList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<GrantList> {
    const items = await this.grants.list({ id, caller });
    return { items: items.map((one) => ({ ...one, since: one.since.toISOString() })) };
  }

  @Delete(':clientId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiParam({ name: 'clientId', schema: { type: 'string', format: 'uuid' } })
  @ApiOperation({
    operationId: 'endGrant',
    summary: 'Disconnect a user from an application',
    description: `Its tokens end, it hears of that by a logout token, and it asks for consent at the next sign-in. Services that verify its JWTs by themselves
accept those until they expire, at most ACCESS_TOKEN_TTL later; introspection refuses them at once. Same permissions as for ending sessions.`,
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found')
  async end(
    @UserId() id: string,
    @Param('clientId') clientId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.grants.end({ id, caller, context, ifMatch }, clientId);
  }
}
