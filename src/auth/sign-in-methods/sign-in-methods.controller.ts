import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiItemLinks, type ItemLinks, removalLink } from '../../users/api/item-links.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { MethodOffer } from './method-offer.js';
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
    description: 'null if it came with the email address',
  })
  readonly addedAt: string | null;
  @ApiProperty({ example: true, description: 'whether it can be removed now' }) readonly removable: boolean;
  @ApiItemLinks('remove', '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/methods/password') readonly _links: ItemLinks;
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
    summary: 'List the sign-in methods of this server',
    description: 'For a sign-in page: the methods to offer, and the call that begins each.',
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
    summary: 'List the sign-in methods of a user',
    description:
      'Your own, or those of users whom you may see. Shows when each was added and whether it can be removed; the last one cannot.',
  })
  @ApiOkResponse({ type: OwnMethods })
  @ApiProblems('forbidden', 'not-found')
  async ofUser(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<OwnMethods> {
    const { held, mayRemove } = await this.methods.listFor({ id, caller });
    const items = held.map(({ method, addedAt, removable: canGo }) => {
      const removable = canGo && held.length > 1;
      return {
        id: method.id,
        label: method.offer().label,
        addedAt: addedAt?.toISOString() ?? null,
        removable,
        _links: removalLink('remove', mayRemove && removable, `/users/${id}/methods/${method.id}`),
      };
    });
    return { items };
  }

  @Delete('users/:id/methods/:method')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiTags('Users')
  @ApiUserChange()
  @ApiParam({ name: 'method', example: 'password' })
  @ApiOperation({
    operationId: 'removeUserSignInMethod',
    summary: 'Remove a sign-in method of a user',
    description:
      'The last one cannot be removed. A removed password can be set again with a password reset link. The user is notified by mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems(
    'forbidden',
    'not-found',
    'sign-in-method-stays',
    'second-factor-stays',
    'precondition-failed',
    'refused-by-handler',
  )
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
