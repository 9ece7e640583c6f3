import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';

/** Longer than any lockout, as the link stays useful while the attack continues. */
export const UNLOCK_TOKEN_TTL_MS = 24 * 3_600_000;

/** Creates unlock links for lockout mails. */
@Injectable()
export class UnlockLinks {
  constructor(private readonly tokens: OneTimeTokens) {}

  /** Replaces an older one. @returns when it expires */
  async issue(tx: Transaction, userId: string, context: Pick<RequestContext, 'ip' | 'userAgent'>): Promise<Date> {
    return this.tokens.issue(tx, userId, 'unlock', UNLOCK_TOKEN_TTL_MS, context);
  }
}
