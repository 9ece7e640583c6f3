import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, QueryFailedError, type QueryRunner } from 'typeorm';
import { DomainError } from '../problems/domain-error.js';
import { wasOutdated } from './prepared.js';
import type { ReadReplica } from './read-replica.js';
import { followNested, throwIfSpoiled } from './transaction-memory.js';

declare const inTransaction: unique symbol;

/** An entity manager inside an open transaction; only `Transactions.run` creates one. */
export type Transaction = EntityManager & { readonly [inTransaction]: true };

const afterCommits = new WeakMap<EntityManager, Set<() => void>>();

/** Calls `action` once after the transaction has committed, however often it was registered. It must not throw. */
export function afterCommit(tx: Transaction, action: () => void): void {
  afterCommits.get(tx)?.add(action);
}

const RETRYABLE = new Set(['40001', '40P01']);
const ATTEMPTS = 5;
const PAUSE_MS = 20;

/** The one way to open a transaction. */
@Injectable()
export class Transactions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica?: ReadReplica,
  ) {}

  /**
   * For lists and the like, which may be some seconds old: reads the replica at `READ_DATABASE_URL`, where there is one that keeps up,
   * else the primary. Never for what decides whether somebody may do something.
   * @param reader whose own changes are seen at once
   * @param work changes nothing
   */
  async read<T>(reader: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const replica = await this.replica?.forReader(reader);
    if (!replica) return this.run(work);
    try {
      return await replica.transaction((manager) => work(manager as Transaction));
    } catch (error) {
      if (error instanceof DomainError) throw error;
      // Lost, or cancelled because the primary has removed what it reads.
      this.replica?.leave(error);
      return this.run(work);
    }
  }

  /**
   * As `read`, once the primary has said that the reader may: a standby may not know yet that the reader may no longer.
   * @param allow throws if not @param work gets what it returned
   */
  async readAllowed<A, T>(
    reader: string,
    allow: (tx: Transaction) => Promise<A>,
    work: (tx: Transaction, allowed: A) => Promise<T>,
  ): Promise<T> {
    if (!(await this.replica?.forReader(reader))) return this.run(async (tx) => work(tx, await allow(tx)));
    const allowed = await this.run(allow);
    return this.read(reader, (tx) => work(tx, allowed));
  }

  /**
   * Commits `work`, or rolls it back if it throws. It may be retried (`inSomeOrder`), so `work` does database work only: no mail,
   * no hashing, no HTTP.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return inSomeOrder(async () => {
      const actions = new Set<() => void>();
      const result = await this.dataSource.transaction(async (manager) => {
        afterCommits.set(manager, actions);
        followNested(manager);
        const done = await work(manager as Transaction);
        throwIfSpoiled(manager);
        return done;
      });
      for (const action of actions) action();
      return result;
    });
  }
}

/** Retries after a deadlock or serialization failure, and when a prepared statement has become outdated. */
export async function inSomeOrder<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = postgresCode(error);
      const isRetryable = RETRYABLE.has(code ?? '') || wasOutdated(code, (error as Error).message);
      if (attempt === ATTEMPTS || !isRetryable) throw error;
      // Jitter, so that conflicting transactions do not retry in step.
      await sleep(Math.random() * PAUSE_MS * 2 ** attempt);
    }
  }
}

/**
 * Has a data source retry, as `Transactions` does, every statement that is a transaction of its own. Behind a pooler, which sets no
 * isolation level, the database role may have a stricter default, and any of them may meet another.
 */
export function retryingStatements(dataSource: DataSource): DataSource {
  const query = dataSource.query.bind(dataSource);
  dataSource.query = async <T>(sql: string, parameters?: unknown[], runner?: QueryRunner): Promise<T> =>
    runner ? query<T>(sql, parameters, runner) : inSomeOrder(() => query<T>(sql, parameters));
  return dataSource;
}

/** The SQLSTATE of an error that PostgreSQL raised, such as `23505`. */
export function postgresCode(error: unknown): string | undefined {
  const cause = error instanceof QueryFailedError ? (error.driverError as { code?: unknown }) : error;
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The unique constraint or index that refused a row, if that is what happened. */
export function violatedConstraint(error: unknown): string | undefined {
  if (postgresCode(error) !== '23505' || !(error instanceof QueryFailedError)) return undefined;
  return (error.driverError as { constraint?: string }).constraint;
}

/** Serialises, until commit, everything that takes the same lock on `subject`. */
export async function lock(tx: Transaction, subject: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [subject]);
}
