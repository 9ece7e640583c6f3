import { Body, Controller, Get, Patch, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import { Transactions } from '../../database/transaction.js';
import { PROFILE_FIELDS } from '../../events/catalogue.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { updateProfile } from '../aggregate/decide.js';
import { ProfileDto } from './profile.dto.js';
import { sendEtag } from './etag.js';
import { UserActions } from './user-actions.js';
import { UserHistory } from '../history/user-history.js';
import { GetUserQuery } from '../history/user-history.dto.js';
import { ApiIfMatch, ApiUserAnswer, ApiUserChange, ApiUserId, IfMatch, UserId } from './user-id.js';
import { listUsers } from '../list/user-list.js';
import { UserResponse } from './user.response.js';
import { ListUsersQuery, UserPage } from './users.dto.js';

const UPDATE_PROBLEMS = [
  'validation-failed',
  'nothing-to-update',
  'not-found',
  'precondition-failed',
  'refused-by-handler',
] as const;

const ETAG_OF_NOW = {
  description: 'the version of the user, for `If-Match`; absent with `at` or `version`',
  schema: { type: 'string', pattern: '^"[0-9]+"$' },
  example: '"3"',
} as const;

@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
    private readonly history: UserHistory,
    private readonly clock: Clock,
  ) {}

  @Get('me')
  @Allow('AUTHENTICATED', 'users:read')
  @ApiOperation({
    operationId: 'getMe',
    summary: 'Get your own user',
    description: 'Same as `GET /users/{id}` with your own id.',
  })
  @ApiUserAnswer()
  async me(@CurrentCaller() caller: Caller): Promise<UserResponse> {
    return this.actions.read(caller.userId, caller);
  }

  @Patch('me')
  @Allow('AUTHENTICATED')
  @ApiIfMatch()
  @ApiOperation({
    operationId: 'updateMe',
    summary: 'Update your own profile',
    description: 'Changes only the given fields; null clears a field.',
  })
  @ApiUserAnswer()
  @ApiProblems(...UPDATE_PROBLEMS)
  async patchMe(
    @Body() profile: ProfileDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.patch(caller.userId, profile, caller, context, ifMatch);
  }

  @Get()
  @Allow('MANAGER', 'users:read')
  @ApiOperation({
    operationId: 'listUsers',
    summary: 'List users',
    description: 'Unconfirmed registrations are listed with `status=PENDING`.',
  })
  @ApiOkResponse({ type: UserPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'forbidden')
  async list(
    @Query() query: ListUsersQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<UserPage> {
    const now = this.clock.now();
    const viewer = { id: caller.userId, role: caller.role };
    const { users, ...page } = await this.transactions.read(viewer.id, (tx) => listUsers(tx, query, viewer, now));
    const items = users.map((user) => UserResponse.from(user, now, viewer));
    return pageAnswer(reply, query.limit, { items, ...page });
  }

  @Get(':id')
  @Allow('AUTHENTICATED', 'users:read')
  @ApiUserId()
  @ApiOperation({
    operationId: 'getUser',
    summary: 'Get a user, now or in the past',
    description:
      'Yourself, or any user as a MANAGER; with `at` or `version`, any user whose history you may see. A past state has no `ETag` and ' +
      'links only to itself.',
  })
  @ApiOkResponse({ type: UserResponse, headers: { ETag: ETAG_OF_NOW } })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async get(
    @UserId() id: string,
    @Query() { at, version, ...query }: GetUserQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<UserResponse> {
    const includeDeleted = query.includeDeleted === 'true';
    if (at && version !== undefined) {
      throw new ValidationFailed([{ path: 'version', message: 'cannot be given together with at' }]);
    }
    if (at) return this.history.asOf({ id, caller, includeDeleted }, { at });
    if (version !== undefined) return this.history.asOf({ id, caller, includeDeleted }, { version });
    const user = await this.actions.read(id, caller, includeDeleted);
    sendEtag(reply, user);
    return user;
  }

  @Patch(':id')
  @Allow('AUTHENTICATED', 'users:write')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'updateUser',
    summary: 'Update a profile',
    description: 'Changes only the given fields; null clears a field.',
  })
  @ApiUserAnswer()
  @ApiProblems('forbidden', ...UPDATE_PROBLEMS)
  async patch(
    @UserId() id: string,
    @Body() profile: ProfileDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'update', caller, context, ifMatch }, (state) =>
      updateProfile(state, profile),
    );
  }

  @Put(':id')
  @Allow('AUTHENTICATED', 'users:write')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'replaceUser',
    summary: 'Replace a profile',
    description: 'Clears fields that are left out.',
  })
  @ApiUserAnswer()
  @ApiProblems('forbidden', ...UPDATE_PROBLEMS)
  async put(
    @UserId() id: string,
    @Body() profile: ProfileDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    const whole = Object.fromEntries(PROFILE_FIELDS.map((field) => [field, profile[field] ?? null]));
    return this.patch(id, whole, caller, context, ifMatch);
  }
}
