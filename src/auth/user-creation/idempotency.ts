import { timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { Jobs } from '../../jobs/jobs.js';

/** The first request with this key is still in progress. */
export class KeyInUse extends DomainError {
  readonly code = 'idempotency-key-in-use';
  constructor() {
    super('A request with this Idempotency-Key is still in progress. Retry when it has completed.');
  }
}

/** The key was used for a different request. */
export class KeyReused extends DomainError {
  readonly code = 'idempotency-key-reused';
  constructor() {
    super('This Idempotency-Key was already used with a different body. Use a new key for a new request.');
  }
}

export interface IdempotentRequest {
  /** The value of `Idempotency-Key`; if absent, nothing is stored. */
  readonly key: string | undefined;
  readonly callerId: string;
  /** Identifies a repeated request; without passwords, as a fast hash of it is stored. */
  readonly body: object;
}

const EVERY_HOUR = '41 * * * *';

/**
 * Idempotent requests (`Idempotency-Key`, IETF draft-ietf-httpapi-idempotency-key-header): for 24 hours, the same caller, key and
 * body get the first response, and the work is not repeated. Only success is stored: refused requests had no effect and may be
 * retried. The body is stored as an HMAC.
 */
@Injectable()
export class Idempotency implements OnModuleInit {
  constructor(
    private readonly keyring: Keyring,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.idempotency-expiry', () =>
      this.transactions.run(async (tx) => {
        await tx.query("DELETE FROM idempotent_requests WHERE created_at < now() - interval '24 hours'");
      }),
    );
  }

  /**
   * Does the work, or returns the stored response.
   * @param work its response names the user concerned, with whom it is erased
   * @throws KeyInUse, KeyReused, ValidationFailed for a malformed key; the errors of `work`
   */
  async once<Answer extends { readonly id: string }>(
    tx: Transaction,
    { key, callerId, body }: IdempotentRequest,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    if (key === undefined) return work();
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new ValidationFailed([{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
    }
    // Released with the transaction, so a crashed server blocks nobody.
    const [free] = await tx.query<[{ taken: boolean }]>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 2)) AS taken',
      [`${callerId}:${key}`],
    );
    if (!free.taken) throw new KeyInUse();
    const [first] = await tx.query<{ key_id: string; body_hash: Buffer; answer: Answer }[]>(
      `SELECT key_id, body_hash, answer FROM idempotent_requests
       WHERE caller_id = $1 AND key = $2 AND created_at > now() - interval '24 hours'`,
      [callerId, key],
    );
    if (first) {
      if (!timingSafeEqual(first.body_hash, this.hash(body, first.key_id))) throw new KeyReused();
      return first.answer;
    }
    const answer = await work();
    const keyId = this.keyring.current('idempotent-request').id;
    await tx.query(
      `INSERT INTO idempotent_requests (caller_id, key, key_id, body_hash, user_id, answer)
       VALUES ($1, $2, $3, $4, $5, $6::json)
       ON CONFLICT (caller_id, key) DO UPDATE SET (key_id, body_hash, user_id, answer, created_at) =
         (excluded.key_id, excluded.body_hash, excluded.user_id, excluded.answer, now())`,
      [callerId, key, keyId, this.hash(body, keyId), answer.id, JSON.stringify(answer)],
    );
    return answer;
  }

  private hash(body: object, keyId: string): Buffer {
    const key = this.keyring.find('idempotent-request', keyId);
    if (!key) throw new Error(`The key ${keyId} of remembered requests is missing`);
    return hmacWith(key.secret)
      .update(canonicalize({ ...body }) ?? '')
      .digest();
  }
}
