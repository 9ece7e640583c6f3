import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { loadSettings } from '../../src/config/settings.js';
import { migrate } from '../../src/database/migrate.js';
import { eventually, report } from '../support/process.js';
import { Proxy } from '../support/proxy.js';
import { type Roster, startRoster } from '../support/roster.js';
import { SystemPostgres } from '../support/system-postgres.js';

jest.setTimeout(180_000);

let postgres: SystemPostgres;
let proxy: Proxy;
let standby: pg.Pool;
let standbyUrl: string;
let roster: Roster;
let other: Roster;
let token: string;
let count = 0;
beforeAll(async () => {
  postgres = await SystemPostgres.start();
  standbyUrl = await postgres.standby();
  standby = new pg.Pool({ connectionString: standbyUrl, max: 1 });
  // A failed primary ends what follows it.
  standby.on('error', () => undefined);
  proxy = await Proxy.before(new URL(postgres.database.url));
  const environment = { DATABASE_URL: proxy.url, READ_DATABASE_URL: standbyUrl };
  await migrate(loadSettings({ DATABASE_URL: postgres.database.url }));
  roster = await startRoster(environment, [], postgres.database);
  other = await startRoster({ ...environment, SMTP_URL: roster.inbox.url }, [], postgres.database);
  token = await roster.signIn();
});
afterAll(async () => {
  await other.app.close();
  await other.inbox.down();
  await roster.app.close();
  await roster.inbox.down();
  await proxy.down();
  await standby.end();
  await postgres.database.drop();
  await postgres.stop();
});

const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
const create = (at = roster) =>
  at.api
    .post('/users')
    .set(as(token))
    .send({ firstName: `Person ${++count}` });
const listed = async (at = roster): Promise<number> => {
  const { body } = await at.api.get('/users?count=exact&limit=1').set(as(token)).expect(200);
  return (body as { page: { total: number } }).page.total;
};
const health = async (at = roster) => (await at.api.get('/health/ready')).body as { status: string; checks: object };

/** The transactions that were ended on the standby. */
async function readsThere(): Promise<number> {
  // PostgreSQL counts them some moments later.
  await standby.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await standby.query<{ reads: number }>(
    'SELECT coalesce(sum(idx_scan + seq_scan), 0)::int AS reads FROM pg_stat_user_tables WHERE relname = $1',
    ['users'],
  );
  return rows[0]!.reads;
}

describe('A server with READ_DATABASE_URL', () => {
  it('reads lists, histories and exports on the standby', async () => {
    const before = await readsThere();
    await listed(other);
    await eventually('the list was read there', async () => (await readsThere()) > before);
    expect(await health()).toMatchObject({ status: 'up', checks: { readReplica: 'up' } });
    const { text } = await roster.api.get('/metrics').set(as(token)).expect(200);
    expect(text).toMatch(/^roster_read_replica_lag_seconds \d/m);
  });

  it('asks the primary whether somebody may read a history', async () => {
    const { body } = await create().expect(201);
    const { id } = body as { id: string };
    const known = async () => (await standby.query('SELECT FROM users WHERE id = $1', [id])).rows.length === 1;
    await eventually('the standby knows the user', known);
    await eventually('it is read', async () => (await health(other)).status === 'up');
    await standby.query('SELECT pg_wal_replay_pause()');
    await roster.api.delete(`/users/${id}`).set(as(token)).expect(204);
    await other.api.get(`/users/${id}/history`).set(as(token)).expect(404);
    await standby.query('SELECT pg_wal_replay_resume()');
  });

  it('shows to everybody what they have just changed, and to others after some seconds at most, when the standby lags', async () => {
    await standby.query('SELECT pg_wal_replay_pause()');
    const before = await listed();
    await create().expect(201);
    expect(await listed()).toBe(before + 1);
    // The other server has not heard that this admin has changed something.
    await eventually('seen by the other server', async () => (await listed(other)) === before + 1);
    await eventually('the lag is told', async () => (await health()).status === 'degraded');
    expect(await health()).toMatchObject({ checks: { database: 'up', readReplica: 'down' } });
    await standby.query('SELECT pg_wal_replay_resume()');
    await eventually('it has caught up', async () => (await health()).status === 'up');
  });

  it('reads the primary where the standby cannot be asked', async () => {
    await standby.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roster'`);
    await listed(other);
  });
});

describe('A primary that is lost, with a synchronous standby that is promoted', () => {
  it('loses nothing that was acknowledged, and goes on by itself', async () => {
    await postgres.database.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await postgres.database.query('SELECT pg_reload_conf()');
    const acknowledged: string[] = [];
    const refused = new Map<number, number>();
    let isOver = false;
    let lastBefore = 0;
    let firstAfter = 0;
    let isLost = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (!isOver) {
        const { status, body } = await create(writer % 2 === 0 ? roster : other);
        if (status === 201) {
          acknowledged.push((body as { id: string }).id);
          if (!isLost) lastBefore = performance.now();
          else if (firstAfter === 0) firstAfter = performance.now();
        } else refused.set(status, (refused.get(status) ?? 0) + 1);
        await sleep(10);
      }
    });
    await eventually('changes', () => acknowledged.length > 20);
    await postgres.fail();
    isLost = true;
    const before = acknowledged.length;
    await standby.query('SELECT pg_promote()');
    proxy.turnTo(new URL(standbyUrl));
    proxy.cut();
    await eventually('changes again', () => acknowledged.length > before + 20);
    isOver = true;
    await Promise.all(writers);

    const { rows } = await standby.query<{ id: string }>('SELECT id FROM users WHERE id = ANY ($1)', [acknowledged]);
    report(
      `failover: ${acknowledged.length} changes acknowledged, ${acknowledged.length - rows.length} lost; refused ` +
        `${JSON.stringify(Object.fromEntries(refused))}; ${Math.round(firstAfter - lastBefore)} ms without writes`,
    );
    expect(acknowledged.length - rows.length).toBe(0);
    expect([...refused.keys()].filter((status) => status !== 503)).toEqual([]);
    await eventually('ready', async () => (await roster.api.get('/health/ready')).status === 200);
  });

  it('revokes on every server as before', async () => {
    const { token: theirs } = await roster.join('after@example.com');
    const me = () => other.api.get('/users/me').set(as(theirs));
    await me().expect(200);
    await roster.api.post('/auth/logout').set(as(theirs)).expect(204);
    const ms = await eventually('refused by the other server', async () => (await me()).status === 401);
    report(`revocation after the failover: ${ms} ms`);
  });
});
