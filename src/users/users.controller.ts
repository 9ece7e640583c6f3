import { Body, Controller, Get, Param, ParseUUIDPipe, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../access/caller.js';
import { Clock } from '../config/clock.js';
import { Transactions } from '../database/transaction.js';
import { ApiProblems } from '../http/api-problems.js';
import { UserNotFound } from './user-errors.js';
import { UserResponse } from './user.response.js';
import { Users } from './users.js';
import { ChangeRoleDto, ListUsersQuery, UserPage } from './users.dto.js';

@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly clock: Clock,
  ) {}

  @Get('me')
  @Allow('AUTHENTICATED')
  @ApiOperation({ summary: 'Your own profile' })
  @ApiOkResponse({ type: UserResponse })
  async me(@CurrentCaller() caller: Caller): Promise<UserResponse> {
    return this.transactions.run(async (tx) => {
      const user = await this.users.find(tx, caller.userId);
      if (!user) throw new UserNotFound();
      return UserResponse.from(user, this.clock.now());
    });
  }

  @Get()
  @Allow('MANAGER')
  @ApiOperation({ summary: 'The newest users', description: 'Registrations that wait for their proof are left out.' })
  @ApiOkResponse({ type: UserPage })
  @ApiProblems('validation-failed')
  async list(@Query() { limit }: ListUsersQuery): Promise<UserPage> {
    const users = await this.transactions.run((tx) => this.users.newest(tx, limit));
    return { items: users.map((user) => UserResponse.from(user, this.clock.now())), page: { limit } };
  }

  @Put(':id/role')
  @Allow('ADMIN')
  @ApiOperation({ summary: 'Give a user another role' })
  @ApiOkResponse({ type: UserResponse })
  @ApiProblems('validation-failed', 'not-found', 'last-admin', 'refused-by-handler')
  async changeRole(
    @Param('id', new ParseUUIDPipe({ exceptionFactory: () => new UserNotFound() })) id: string,
    @Body() { role }: ChangeRoleDto,
    @Context() context: RequestContext,
  ): Promise<UserResponse> {
    return this.transactions.run(async (tx) => {
      await this.users.changeRole(tx, id, role, context);
      const user = await this.users.find(tx, id);
      if (!user) throw new UserNotFound();
      return UserResponse.from(user, this.clock.now());
    });
  }
}
