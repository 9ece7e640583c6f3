import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserAnswer } from '../../users/api/user-id.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { CreateUserDto } from './create-user.dto.js';
import { UserCreationService } from './user-creation.service.js';

@ApiTags('Users')
@Controller('users')
export class UserCreationController {
  constructor(private readonly creation: UserCreationService) {}

  @Post()
  @HttpCode(201)
  @Allow('MANAGER', 'users:write')
  @ApiOperation({
    operationId: 'createUser',
    summary: 'Create or invite a user',
    description:
      'Requires at least a name, an email address or a username. With an email address and no password, the user is sent an invitation link to choose a password. A role above AUTHENTICATED takes a step-up, as changing a role does.',
  })
  @ApiHeader({
    name: 'idempotency-key',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
    description:
      'for 24 hours, a request with the same key and body returns the first response again; of the password, only its presence is compared',
  })
  @ApiUserAnswer(201)
  @ApiProblems(
    'validation-failed',
    'weak-password',
    'forbidden',
    'step-up-required',
    'email-taken',
    'username-taken',
    'refused-by-handler',
    'idempotency-key-in-use',
    'idempotency-key-reused',
    'busy',
  )
  async create(
    @Body() input: CreateUserDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<UserResponse> {
    const user = await this.creation.create(input, caller, context, key);
    void reply.header('location', `/users/${user.id}`);
    return user;
  }
}
