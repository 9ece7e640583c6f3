import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { Transactions } from '../../database/transaction.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserActions } from '../../users/api/user-actions.js';
import { ApiItemLinks, type ItemLinks, removalLink } from '../../users/api/item-links.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { FactorChanges } from './factor-changes.js';
import type { HeldFactor } from './second-factor.js';
import { SecondFactors } from './second-factors.js';

const time = { type: String, format: 'date-time', nullable: true, example: null } as const;

class FactorResponse {
  @ApiProperty({ example: 'totp', description: 'of a passkey, its id; `totp` for an authenticator app' })
  readonly id: string;
  @ApiProperty({ enum: ['totp', 'passkey'], example: 'totp' }) readonly kind: 'totp' | 'passkey';
  @ApiProperty({ type: String, nullable: true, example: null, description: 'the name that the user gave it' })
  readonly label: string | null;
  @ApiProperty({ format: 'date-time' }) readonly addedAt: string;
  @ApiProperty(time) readonly lastUsedAt: string | null;
  @ApiItemLinks('remove', '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/totp') readonly _links: ItemLinks;
}

class FactorList {
  @ApiProperty({ type: [FactorResponse] }) readonly items: FactorResponse[];
  @ApiProperty({ type: 'integer', minimum: 0, example: 10, description: 'unused recovery codes' })
  readonly recoveryCodesLeft: number;
}

@ApiTags('Users')
@Controller('users/:id/factors')
export class SecondFactorsController {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly factors: SecondFactors,
    private readonly changes: FactorChanges,
  ) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listFactors',
    summary: 'List the second factors of a user',
    description:
      'Your own, or those of users whom you may see. A user who has one needs it at every sign-in. Secrets are not shown.',
  })
  @ApiOkResponse({ type: FactorList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<FactorList> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'factors', caller });
    const mayRemove = allows(actor, 'removeFactor', user);
    return this.transactions.run(async (tx) => ({
      items: (await this.factors.heldBy(tx, id)).map(({ addedAt, lastUsedAt, ...factor }) => ({
        ...factor,
        addedAt: addedAt.toISOString(),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
        _links: removalLink('remove', mayRemove, removalPath(id, factor)),
      })),
      recoveryCodesLeft: await this.factors.recoveryCodesLeft(tx, id),
    }));
  }

  @Delete()
  @HttpCode(204)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'resetFactors',
    summary: 'Remove every second factor of a user',
    description:
      'For a user who has lost them all, recovery codes included. Make sure by another way that it is the person. Ends all sessions of the user, who is notified by mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found', 'sign-in-method-stays', 'precondition-failed', 'refused-by-handler')
  async reset(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.changes.reset({ id, caller, context, ifMatch });
  }
}

function removalPath(userId: string, { kind, id }: Pick<HeldFactor, 'kind' | 'id'>): string {
  return kind === 'passkey' ? `/users/${userId}/passkeys/${id}` : `/users/${userId}/totp`;
}
