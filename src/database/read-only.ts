import type { EventEmitter } from 'node:events';
import type pg from 'pg';

const READ_ONLY_SQL_TRANSACTION = '25006';
const FEATURE_NOT_SUPPORTED = '0A000';
const CLEAR_AT_MOST_EVERY_MS = 1000;

/** A standby has answered: it knows what was, and takes no writes. */
export class StandbyAnswered extends Error {
  override readonly name = 'StandbyAnswered';
  readonly code = READ_ONLY_SQL_TRANSACTION;
  constructor() {
    super('A standby answered where the primary is expected');
  }
}

/** @throws StandbyAnswered; whatever says that nobody answers */
export async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby !== false) throw new StandbyAnswered();
}

const toBeLeft = new WeakSet<pg.ClientBase>();

/** Notes when PostgreSQL says over this connection that nothing can be written there. */
export function noteReadOnly(client: pg.ClientBase): void {
  const { connection } = client as unknown as { readonly connection: EventEmitter };
  connection.on('errorMessage', (error: unknown) => {
    if (saysReadOnly(error)) toBeLeft.add(client);
  });
}

/**
 * Makes a pool leave a PostgreSQL that takes no writes: after a failover, or a look at the DNS that came too early, its
 * connections lead to what is a standby now, and would for as long as they are used. One over which that was said is closed when
 * it is given back, and those that wait idle with it. New ones go to whoever has the address by then.
 * @param pool whose connections are each given to `noteReadOnly` when they are new
 */
export function leaveReadOnly(pool: pg.Pool): void {
  let clearedAt = Number.NEGATIVE_INFINITY;
  pool.on('release', (_, given) => {
    const client = given as unknown as pg.PoolClient & { end(): Promise<void> };
    if (!toBeLeft.has(client)) return;
    // The pool lets go of a connection that ends.
    void client.end().catch(() => undefined);
    // While writes go on failing, each on a new connection, there is nothing old among the others.
    if (performance.now() - clearedAt < CLEAR_AT_MOST_EVERY_MS) return;
    clearedAt = performance.now();
    for (let idle = pool.idleCount; idle > 0; idle--) {
      pool.connect().then(
        (other) => other.release(true),
        () => undefined,
      );
    }
  });
}

/** A table that is not logged cannot even be read on a standby; what it says of that has no code of its own. */
function saysReadOnly(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { readonly code?: unknown; readonly routine?: unknown };
  return code === READ_ONLY_SQL_TRANSACTION || (code === FEATURE_NOT_SUPPORTED && routine === 'get_relation_info');
}
