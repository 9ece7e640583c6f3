import { cpus, totalmem } from 'node:os';
import pg from 'pg';

/** Whether long tests run in full (`SOAK=full`); CI runs a tenth. */
export const FULL = process.env['SOAK'] === 'full';

export type Counts<Count extends string> = Readonly<Record<Count, number>>;

/** How often each thing is done, in full; the second number is for a short run where that is not to be a tenth. */
export type Scale<Count extends string> = Readonly<Record<Count, number | readonly [full: number, short: number]>>;

/** The counts of this run. */
export function scaled<Count extends string>(scale: Scale<Count>): Counts<Count> {
  return Object.fromEntries(
    Object.entries<number | readonly [number, number]>(scale).map(([count, given]) => {
      const [full, short] = typeof given === 'number' ? [given, Math.ceil(given / 10)] : given;
      return [count, FULL ? full : short];
    }),
  ) as Record<Count, number>;
}

export interface Machine {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly postgresql: string;
  readonly fsync: string;
}

/** Where figures were taken. PostgreSQL is the one that serves the run. */
export async function machine(): Promise<Machine> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] });
  await client.connect();
  const { rows } = await client.query<{ version: string; fsync: string }>(
    "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync",
  );
  await client.end();
  const [{ version, fsync } = { version: '', fsync: '' }] = rows;
  return {
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    postgresql: version,
    fsync,
  };
}
