import type { EventEmitter } from 'node:events';
import type pg from 'pg';

const READ_ONLY_SQL_TRANSACTION = '25006';
const FEATURE_NOT_SUPPORTED = '0A000';
const CLEAR_AT_MOST_EVERY_MS = 1000;

/** A standby has answered: its data may be stale, and it accepts no writes. */
export class StandbyAnswered extends Error {
  override readonly name = 'StandbyAnswered';
  readonly code = READ_ONLY_SQL_TRANSACTION;
  constructor() {
    super('A standby answered where the primary is expected');
  }
}

/** @throws StandbyAnswered; the error of a failed connection */
export async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby !== false) throw new StandbyAnswered();
}

const toBeLeft = new WeakSet<pg.ClientBase>();

/** Records when PostgreSQL reports over this connection that it is read-only. */
export function noteReadOnly(client: pg.ClientBase): void {
  const { connection } = client as unknown as { readonly connection: EventEmitter };
  connection.on('errorMessage', (error: unknown) => {
    if (saysReadOnly(error)) toBeLeft.add(client);
  });
}

/**
 * Makes a pool leave a read-only PostgreSQL: after a failover, or a DNS lookup that came too early, its connections lead to a
 * standby and would stay there. A connection that reported it is closed on release, together with all idle ones. New connections
 * resolve the address again.
 * @param pool passes each new connection to `noteReadOnly`
 */
export function leaveReadOnly(pool: pg.Pool): void {
  let clearedAt = Number.NEGATIVE_INFINITY;
  pool.on('release', (_, given) => {
    const client = given as unknown as pg.PoolClient & { end(): Promise<void> };
    if (!toBeLeft.has(client)) return;
    // The pool drops connections that end.
    void client.end().catch(() => undefined);
    // While writes keep failing, each on a new connection, none of the others is older.
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

/** Unlogged tables cannot even be read on a standby; that error has no code of its own. */
function saysReadOnly(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { readonly code?: unknown; readonly routine?: unknown };
  return code === READ_ONLY_SQL_TRANSACTION || (code === FEATURE_NOT_SUPPORTED && routine === 'get_relation_info');
}
