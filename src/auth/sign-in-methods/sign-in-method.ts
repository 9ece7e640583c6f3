import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Preset, PRESETS } from '../../config/provider-settings.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';

/** A call that a client makes. */
export class MethodCall {
  @ApiProperty({ format: 'uri-reference', example: '/auth/login' }) readonly href: string;
  @ApiProperty({ enum: ['GET', 'POST'], example: 'POST' }) readonly method: 'GET' | 'POST';
}

/** What a button for a provider shows. */
export class OfferedProvider {
  @ApiProperty({ example: 'Google', description: 'for people' }) readonly name: string;
  @ApiProperty({
    type: String,
    enum: PRESETS,
    nullable: true,
    example: 'google',
    description: 'whose mark to show; null for one of your own',
  })
  readonly preset: Preset | null;
}

/** What a client needs to offer a sign-in method. */
export class MethodOffer {
  @ApiProperty({ example: 'Email or username, and password' }) readonly label: string;
  @ApiProperty({ type: MethodCall, description: 'the call that begins a sign-in' }) readonly signIn: MethodCall;
  @ApiPropertyOptional({
    type: MethodCall,
    description: 'the call that begins a registration; absent if the method has none',
  })
  readonly register?: MethodCall;

  @ApiPropertyOptional({
    type: OfferedProvider,
    description:
      'for a provider: `signIn.href` is for the browser to open, with `?continue=` for where to go on, and `codeChallenge` for applications',
  })
  readonly provider?: OfferedProvider;
}

/** A user's own instance of a sign-in method. */
export interface OwnMethod {
  readonly addedAt: Date | null;
  /** False if it follows from something else, as the mailed link does from a confirmed address. */
  readonly removable: boolean;
}

/**
 * A sign-in method. Its routes are under `/auth/<id>/...` and check a proof of identity of its choice; they end with
 * `SignInGate.admit`, the only way to a session. Every provider that extends this class is discovered and offered: to add a method
 * takes a directory of its own and a line in a module.
 */
export abstract class SignInMethod {
  /** Stable, in kebab-case. */
  abstract readonly id: string;

  abstract offer(): MethodOffer;

  /** Since when this user can sign in with it; undefined if they cannot. */
  abstract heldBy(tx: Transaction, user: UserEntity): Promise<OwnMethod | undefined>;

  /** Whether it is a second factor as well: removed by somebody else, it ends all sessions, as the lost device may hold one. */
  readonly isFactor: boolean = false;

  /**
   * Removes it from the user; only called if removable.
   * @returns the name of each that the user had of it; null for one without a name
   */
  abstract remove(tx: Transaction, userId: string): Promise<readonly (string | null)[]>;
}
