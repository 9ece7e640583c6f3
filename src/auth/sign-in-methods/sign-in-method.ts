import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';

/** A call that a client makes. */
export class MethodCall {
  @ApiProperty({ format: 'uri-reference', example: '/auth/login' }) readonly href: string;
  @ApiProperty({ enum: ['GET', 'POST'], example: 'POST' }) readonly method: 'GET' | 'POST';
}

/** What a client has to know to offer a way to sign in. */
export class MethodOffer {
  @ApiProperty({ example: 'Email or username, and password' }) readonly label: string;
  @ApiProperty({ type: MethodCall, description: 'the call that begins a sign-in' }) readonly signIn: MethodCall;
  @ApiPropertyOptional({
    type: MethodCall,
    description: 'the call that begins a registration; absent if the method has none',
  })
  readonly register?: MethodCall;
}

/** How one user has a way to sign in. */
export interface OwnMethod {
  readonly addedAt: Date | null;
  /** False where it comes with something else, as a mailed link does with a proved address. */
  readonly removable: boolean;
}

/**
 * A way to sign in. Its routes live under `/auth/<id>/...` and prove who somebody is as it likes; what they end with is
 * `SignInGate.admit`, the one way to a session. Any provider that extends this class is found and offered: a further method is
 * a folder of its own and a line in a module.
 */
export abstract class SignInMethod {
  /** Stable, in kebab-case. */
  abstract readonly id: string;

  abstract offer(): MethodOffer;

  /** Whether and since when this user can sign in by it; undefined when they cannot. */
  abstract heldBy(tx: Transaction, user: UserEntity): Promise<OwnMethod | undefined>;

  /** Takes it from the user; asked only of a removable one. */
  abstract remove(tx: Transaction, userId: string): Promise<void>;
}
