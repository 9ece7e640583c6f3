import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { MethodOffer } from './sign-in-method.js';
import { SignInMethods } from './sign-in-methods.js';

class OfferedMethod extends MethodOffer {
  @ApiProperty({ example: 'password' }) readonly id: string;
}

class OfferedMethods {
  @ApiProperty({ type: [OfferedMethod] }) readonly items: OfferedMethod[];
}

class OwnMethodResponse {
  @ApiProperty({ example: 'password' }) readonly id: string;
  @ApiProperty({ example: 'Email address or username, and password' }) readonly label: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null where it came with the address',
  })
  readonly addedAt: string | null;
  @ApiProperty({ example: true, description: 'whether it can be taken away now' }) readonly removable: boolean;
}

class OwnMethods {
  @ApiProperty({ type: [OwnMethodResponse] }) readonly items: OwnMethodResponse[];
}

@Controller()
export class SignInMethodsController {
  constructor(private readonly methods: SignInMethods) {}

  @Get('auth/methods')
  @Allow('ANONYMOUS')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'listSignInMethods',
    summary: 'The ways to sign in that this server offers',
    description: 'For a page that signs people in: what to offer, and where each way begins.',
  })
  @ApiOkResponse({ type: OfferedMethods })
  list(): OfferedMethods {
    return { items: this.methods.all().map((method) => Object.assign({ id: method.id }, method.offer())) };
  }

  @Get('users/:id/methods')
  @Allow('AUTHENTICATED')
  @ApiTags('Users')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listUserSignInMethods',
    summary: 'The ways in which a user can sign in',
    description:
      'Your own; those of others as far as you may see them. Says of each since when, and whether it can be taken away: the last one cannot.',
  })
  @ApiOkResponse({ type: OwnMethods })
  @ApiProblems('forbidden', 'not-found')
  async ofUser(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<OwnMethods> {
    const held = await this.methods.listFor({ id, caller });
    return {
      items: held.map(({ method, addedAt, removable }) => ({
        id: method.id,
        label: method.offer().label,
        addedAt: addedAt?.toISOString() ?? null,
        removable: removable && held.length > 1,
      })),
    };
  }

  @Delete('users/:id/methods/:method')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiParam({ name: 'method', example: 'password' })
  @ApiOperation({
    operationId: 'removeUserSignInMethod',
    summary: 'Take a way to sign in away',
    description: 'Never the last one. A password comes back by a link to choose one. A mail says so.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found', 'sign-in-method-stays', 'precondition-failed', 'refused-by-handler')
  async remove(
    @UserId() id: string,
    @Param('method') method: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.methods.remove({ id, caller, context, ifMatch }, method);
  }
}
