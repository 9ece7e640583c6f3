import { createHash, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';

/** How long an authenticator may take to sign a challenge. */
export const CHALLENGE_TTL_MS = 5 * 60_000;

const CHALLENGE_BYTES = 32;
const EVERY_TEN_MINUTES = '*/10 * * * *';

/** What a challenge is for. It is good for nothing else, and for nobody else. */
export type ChallengeUse =
  | { readonly purpose: 'registration'; readonly userId: string; readonly boundTo: string }
  /** `browser` is the hash of the cookie of the browser that asked; undefined where there was none. */
  | { readonly purpose: 'sign-in'; readonly browser: Buffer | undefined }
  /** A second factor: bound to the ticket of a sign-in, or to the session of a step-up. */
  | { readonly purpose: 'proof'; readonly userId: string; readonly boundTo: string };

/** Challenges that wait to be signed: random, each good for one use within five minutes (WebAuthn Level 3, 13.4.3). */
@Injectable()
export class Challenges implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_TEN_MINUTES, 'auth.passkey-challenge-expiry', () => this.forgetExpired());
  }

  async issue(tx: Transaction, use: ChallengeUse): Promise<Buffer> {
    const challenge = randomBytes(CHALLENGE_BYTES);
    await tx.query(
      `INSERT INTO passkey_challenges (challenge_hash, purpose, user_id, bound_to, browser_hash, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')`,
      [...columnsOf(challenge, use), CHALLENGE_TTL_MS],
    );
    return challenge;
  }

  /**
   * Uses the challenge that a browser says its authenticator signed: of any number of concurrent uses, one succeeds. Commit it
   * before the signature is checked, so that there is no second try.
   * @param clientDataJSON base64url, as received
   * @returns the challenge in base64url; undefined for one that is not for this use, is over, or was used
   */
  async take(tx: Transaction, clientDataJSON: string, use: ChallengeUse): Promise<string | undefined> {
    const challenge = challengeIn(clientDataJSON);
    if (challenge === undefined) return undefined;
    const [taken] = await tx.query<[unknown[], number]>(
      `DELETE FROM passkey_challenges
       WHERE challenge_hash = $1 AND purpose = $2 AND user_id IS NOT DISTINCT FROM $3::uuid
         AND bound_to IS NOT DISTINCT FROM $4 AND (browser_hash IS NULL OR browser_hash = $5) AND expires_at > now()
       RETURNING purpose`,
      columnsOf(Buffer.from(challenge, 'base64url'), use),
    );
    return taken.length > 0 ? challenge : undefined;
  }

  async forgetExpired(): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM passkey_challenges WHERE expires_at < now()'));
  }
}

function columnsOf(challenge: Buffer, use: ChallengeUse): unknown[] {
  // Only the hash is kept: a copy of the database holds no challenge that could still be signed.
  const hash = createHash('sha256').update(challenge).digest();
  if (use.purpose === 'sign-in') return [hash, use.purpose, null, null, use.browser ?? null];
  return [hash, use.purpose, use.userId, use.boundTo, null];
}

/** The challenge in client data, which may be anything; undefined if there is none. */
function challengeIn(clientDataJSON: string): string | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()) as { challenge?: unknown } | null;
    const challenge = parsed?.challenge;
    return typeof challenge === 'string' && /^[A-Za-z0-9_-]{43}$/.test(challenge) ? challenge : undefined;
  } catch {
    return undefined;
  }
}
