import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, type Home, makeHome, RosterProcess } from '../support/process.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { SystemPostgres } from '../support/system-postgres.js';
import { Crowd } from './support/crowd.js';
import { fault } from './support/fault-table.js';

const ENVIRONMENT = {
  SMTP_URL: 'smtp://127.0.0.1:1',
  SECRET_KEY: 'k3yZ'.repeat(12),
  RATE_LIMIT_ENABLED: 'false',
  LOG_LEVEL: 'error',
};
/** Registrations between two faults. */
const BETWEEN = 20;

let home: Home;
beforeAll(() => void (home = makeHome()));
afterAll(async () => {
  await RosterProcess.killAll();
  home.remove();
});

const ready = async (server: RosterProcess): Promise<boolean> => (await server.api.get('/health/ready')).status === 200;

describe('A server that loses its PostgreSQL under load', () => {
  let postgres: SystemPostgres;
  let server: RosterProcess;
  beforeAll(async () => {
    postgres = await SystemPostgres.start();
    server = await RosterProcess.start(home, { ...ENVIRONMENT, DATABASE_URL: postgres.database.url });
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await postgres.database.drop();
    await postgres.stop();
  });

  /** Breaks the database so often while people register, and waits each time until they are registered again. */
  async function throughout(name: string, times: number, breakIt: () => Promise<void>): Promise<Crowd> {
    const crowd = new Crowd(() => server.url, name);
    for (let time = 0; time < times; time++) {
      await crowd.more(BETWEEN);
      await breakIt();
      await crowd.more(BETWEEN);
    }
    await crowd.home();
    await eventually('ready', () => ready(server));
    return crowd;
  }

  fault(
    'database-stopped',
    'refuses, says that it is not ready, and serves as soon as it is back, with every change that it had acknowledged',
    { outages: [10, 1] },
    async ({ outages }) => {
      const crowd = await throughout('stopped', outages, async () => {
        await postgres.halt('immediate');
        await eventually('not ready', async () => !(await ready(server)));
        await sleep(3000);
        await postgres.resume();
      });
      return { ledger: crowd.ledger, found: await crowd.found(postgres.database) };
    },
  );

  fault(
    'database-restarted',
    'serves on when the connections that it had are gone',
    { restarts: [20, 2] },
    async ({ restarts }) => {
      const crowd = await throughout('restarted', restarts, async () => {
        await postgres.halt('fast');
        await postgres.resume();
      });
      return { ledger: crowd.ledger, found: await crowd.found(postgres.database) };
    },
  );

  fault(
    'database-read-only',
    'refuses to write for that time, and writes when it may',
    { times: [20, 2] },
    async ({ times }) => {
      const set = async (value: 'on' | 'off'): Promise<void> => {
        await postgres.database.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
        await postgres.database.query('SELECT pg_reload_conf()');
      };
      const crowd = await throughout('read-only', times, async () => {
        await set('on');
        await eventually('not ready', async () => !(await ready(server)));
        await sleep(1000);
        await set('off');
      });
      return { ledger: crowd.ledger, found: await crowd.found(postgres.database) };
    },
  );
});

describe('A server whose PostgreSQL has no room on its disk', () => {
  const DISK_MIB = 300;
  let disk: string;
  let postgres: SystemPostgres;
  beforeAll(async () => {
    if (process.getuid?.() !== 0) throw new Error('Only root can mount the small disk (tmpfs) that this test fills.');
    disk = mkdtempSync(join(tmpdir(), 'roster-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]);
    postgres = await SystemPostgres.start('roster', disk);
  });
  afterAll(async () => {
    await RosterProcess.killAll();
    await postgres.database.drop();
    await postgres.halt('immediate').catch(() => undefined);
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  /** Until there is no room for another page. */
  function fillDisk(file: string): void {
    const descriptor = openSync(file, 'w');
    for (const size of [1_048_576, 4096]) {
      try {
        for (;;) writeSync(descriptor, Buffer.alloc(size));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
    closeSync(descriptor);
  }

  fault(
    'disk-full',
    'refuses while there is no room, and serves when there is some again',
    { times: [5, 1] },
    async ({ times }) => {
      const server = await RosterProcess.start(home, { ...ENVIRONMENT, DATABASE_URL: postgres.database.url });
      const crowd = new Crowd(() => server.url);
      const ballast = join(disk, 'ballast');
      let stopped = 0;
      for (let time = 0; time < times; time++) {
        await crowd.more(BETWEEN);
        const refusals = crowd.ledger.refused;
        fillDisk(ballast);
        await eventually('a refusal', () => crowd.ledger.refused > refusals, 60_000);
        await sleep(3000);
        rmSync(ballast);
        // As the service manager of the system would.
        if (!(await postgres.isUp())) {
          stopped++;
          await postgres.resume();
        }
        await crowd.more(BETWEEN);
      }
      await crowd.home();
      const remark = `PostgreSQL itself ended ${stopped} times for want of room, and was started again as a service manager does.`;
      return { ledger: crowd.ledger, found: await crowd.found(postgres.database), remark };
    },
  );
});

describe('Servers with one connection to PostgreSQL between them', () => {
  let database: TestDatabase;
  let pooler: PgBouncer;
  beforeAll(async () => {
    database = await createTestDatabase();
    pooler = await PgBouncer.before(database.url, 1);
  });
  afterAll(async () => {
    await RosterProcess.killAll();
    await pooler.stop();
    await database.drop();
  });

  fault(
    'pool-of-one',
    'serve everybody, one after the other, and wait for nothing that waits for them',
    { registrations: [500, 100] },
    async ({ registrations }) => {
      const environment = { ...ENVIRONMENT, DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: database.url };
      const servers = await Promise.all([1, 2].map(() => RosterProcess.start(home, environment)));
      const crowd = new Crowd((tried) => servers[tried % 2]!.url, 'person', 20);
      await crowd.more(registrations);
      await crowd.home();
      expect(crowd.ledger.unexpected).toEqual([]);
      return { ledger: crowd.ledger, found: await crowd.found(database) };
    },
  );
});
