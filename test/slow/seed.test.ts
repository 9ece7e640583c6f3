import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { Keyring } from '../../src/database/keyring.js';
import { Transactions } from '../../src/database/transaction.js';
import { chainHash, EventLog } from '../../src/events/event-log.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const COUNT = 300;

const environmentFor = ({ url }: TestDatabase): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  NODE_ENV: 'test',
  DATABASE_URL: url,
  SECRET_KEY,
  SMTP_URL: 'smtp://127.0.0.1:1',
  BCRYPT_COST: '4',
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD: ADMIN.password,
});

let roster: Roster;
let admin: string;
let said: { stdout: string; stderr: string };
beforeAll(async () => {
  const database = await createTestDatabase();
  said = await promisify(execFile)(process.execPath, ['dist/cli.js', 'seed', '--users', String(COUNT)], {
    cwd: PACKAGE_ROOT,
    env: environmentFor(database),
  });
  roster = await startRoster({ SECRET_KEY }, [], database);
  admin = await roster.signIn();
}, 60_000);
afterAll(() => roster.stop());

const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });

interface Listed {
  readonly id: string;
  readonly email: string;
  readonly firstName: string;
  readonly createdAt: string;
  readonly lastLoginAt: string | null;
  readonly status: string;
}

async function list(query: object): Promise<{ items: Listed[]; page: { total: number } }> {
  const answer = await roster.api
    .get('/users')
    .query({ count: 'exact', limit: 100, ...query })
    .set('authorization', `Bearer ${admin}`)
    .expect(200);
  return answer.body as Awaited<ReturnType<typeof list>>;
}

describe('npm run seed', () => {
  it('shows how far it is and ends with the search and the password', () => {
    expect(said.stderr).toMatch(new RegExp(`100% \\| ${COUNT} of ${COUNT} users`));
    expect(said.stdout).toContain(`Admin: ${ADMIN.email}, password as ADMIN_PASSWORD says\n`);
    expect(said.stdout).toMatch(
      /Added 300 users, such as those that GET \/users\?search=\w+ lists\. Their password: \S+\n$/,
    );
  });

  it('adds as many users as it was told, beside the admin, who were there over three years', async () => {
    const { items, page } = await list({ sort: 'createdAt' });
    expect(page.total).toBe(COUNT + 1);
    const years = (Date.now() - Date.parse(items[0]!.createdAt)) / (365 * 86_400_000);
    expect(Math.round(years)).toBe(3);
    expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['ACTIVE']));
    expect(items.some(({ lastLoginAt }) => lastLoginAt !== null)).toBe(true);
    expect(items.some(({ lastLoginAt }) => lastLoginAt === null)).toBe(true);
  });

  it('adds users whom a search finds, and who sign in with the password that it prints', async () => {
    const [, search = '', password = ''] = /search=(\w+) lists\. Their password: (\S+)/.exec(said.stdout) ?? [];
    const { items, page } = await list({ search });
    expect(page.total).toBe(COUNT);
    const one = items[7]!;
    const found = await list({ search: one.email.toUpperCase() });
    expect(found.items).toMatchObject([{ id: one.id }]);
    expect((await list({ search: one.firstName.padEnd(3) + ' ' })).items.length).toBeGreaterThan(0);
    await roster.signIn(one.email, password);
  });

  it('writes events that verify: chained, and each row is the fold of its own', async () => {
    const rows = await roster.database.query<Parameters<typeof chainHash>[0] & { hash: Buffer }>(
      'SELECT * FROM user_events ORDER BY user_id, user_version',
    );
    let previous: (typeof rows)[number] | undefined;
    for (const { hash, ...row } of rows) {
      const before = previous?.user_id === row.user_id ? previous : undefined;
      expect(row.user_version).toBe((before?.user_version ?? 0) + 1);
      expect(row.previous_hash).toEqual(before?.hash ?? null);
      const key = get(Keyring).find('event-chain', row.key_id);
      expect(chainHash(row, key!.secret)).toEqual(hash);
      previous = { ...row, hash };
    }
    const ids = await roster.database.query<{ id: string }>('SELECT id FROM users');
    expect(ids).toHaveLength(COUNT + 1);
    await get(Transactions).run(async (tx) => {
      for (const { id } of ids) {
        const events = await get(EventLog).read(tx, id);
        const row = await get(UserStore).find(tx, id);
        expect(row && stateOf(row)).toEqual(events.reduce<UserState | undefined>(evolve, undefined));
      }
    });
  });
});

describe('npm run seed with 1,000 users or more', () => {
  let database: TestDatabase;
  const one = async <T>(sql: string): Promise<T> => (await database.query<{ value: T }>(sql))[0]!.value;
  beforeAll(async () => {
    database = await createTestDatabase();
    const { code, stderr } = await runCommand(['seed', '--users', '1200', '--random', '7'], environmentFor(database));
    if (code !== 0) throw new Error(stderr);
  }, 120_000);
  afterAll(() => database.drop());

  it('has users of every status, staff, erased people and registrations that came to nothing', async () => {
    const found = await database.query<{ what: string }>(`
      SELECT DISTINCT CASE WHEN erased_at IS NOT NULL THEN 'erased' WHEN deleted_at IS NOT NULL THEN 'deleted'
        WHEN suspended_at IS NOT NULL THEN 'suspended' WHEN locked_until > now() THEN 'locked'
        WHEN pending THEN 'pending' ELSE role END AS what FROM users`);
    const whats = ['ADMIN', 'AUTHENTICATED', 'MANAGER', 'deleted', 'erased', 'locked', 'pending', 'suspended'];
    expect(found.map(({ what }) => what).sort()).toEqual(whats);
    expect(await one('SELECT count(*)::int AS value FROM users')).toBe(1201);
    expect(
      await one(`SELECT count(DISTINCT user_id)::int AS value FROM user_events AS event
        WHERE NOT EXISTS (SELECT FROM users WHERE users.id = event.user_id)`),
    ).toBeGreaterThan(0);
  });

  it('leaves no key and no personal data of those who are erased', async () => {
    const erased = `FROM users WHERE erased_at IS NOT NULL AND (email IS NOT NULL OR search <> ''
      OR id IN (SELECT user_id FROM user_keys UNION ALL SELECT user_id FROM mails UNION ALL SELECT user_id FROM auth_events
        WHERE user_id IS NOT NULL UNION ALL SELECT user_id FROM password_credentials))`;
    expect(await one(`SELECT count(*)::int AS value ${erased}`)).toBe(0);
  });

  it('passes roster verify, and a replay finds nothing to repair', async () => {
    const verified = await runCommand(['verify'], environmentFor(database));
    expect(verified.stdout).toContain('every chain is intact, and every row matches the log');
    const replayed = await runCommand(['replay', '--dry-run'], environmentFor(database));
    expect(replayed.stdout).toContain('Every row matches the log.');
  }, 60_000);

  it('gives every event of its users a position, and in the feed no version of a user comes before a lower one', async () => {
    const [places] = await database.query<{ events: number; positions: number; latest: number; waiting: number }>(`
      SELECT (SELECT count(*)::int FROM user_events) AS events, (SELECT count(*)::int FROM event_positions) AS positions,
        (SELECT max(position)::int FROM event_positions) AS latest, (SELECT count(*)::int FROM event_outbox) AS waiting`);
    const { events, positions, latest, waiting } = places!;
    expect(positions).toBe(latest);
    // Those of the admin may wait for a server.
    expect(positions + waiting).toBe(events);
    expect(
      await one(`SELECT count(*)::int AS value FROM (
        SELECT user_version - lag(user_version) OVER (PARTITION BY user_id ORDER BY position) AS step
        FROM user_events JOIN event_positions ON event_id = id) AS steps WHERE step <> 1`),
    ).toBe(0);
  });

  it('has mails that were sent and mails that were refused, and none that waits', async () => {
    const states = await database.query<{ state: string }>('SELECT DISTINCT state FROM mails ORDER BY state');
    expect(states).toEqual([{ state: 'failed' }, { state: 'sent' }]);
  });

  it('is whole when it is stopped in the midst, and a sink that had sent everything has nothing to send', async () => {
    const end = '(SELECT max(position) FROM event_positions)';
    await database.query(
      `INSERT INTO relay_cursors (sink, position) VALUES ('kafka', ${end}), ('rabbitmq', ${end} - 5)`,
    );
    const before = await one<number>('SELECT count(*)::int AS value FROM users');
    const child = spawn(process.execPath, ['dist/cli.js', 'seed', '--users', '500000'], {
      cwd: PACKAGE_ROOT,
      env: environmentFor(database),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [printed, shown] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      if (/\| [1-9]\d* of 500000 users/.test(shown)) child.kill('SIGINT');
    });
    await once(child, 'close');
    const added = Number(/Added (\d+) users/.exec(printed)?.[1]);
    expect(added).toBeGreaterThan(0);
    expect(await one('SELECT count(*)::int AS value FROM users')).toBe(before + added);
    expect(await one(`SELECT ${end} = position AS value FROM relay_cursors WHERE sink = 'kafka'`)).toBe(true);
    expect(await one(`SELECT ${end} = position AS value FROM relay_cursors WHERE sink = 'webhooks'`)).toBe(true);
    // That one says so: to pass over the new events, it would have to leave out five.
    expect(shown).toContain('rabbitmq has 5 events to send');
    const { stdout } = await runCommand(['verify'], environmentFor(database));
    expect(stdout).toContain('every chain is intact, and every row matches the log');
  }, 120_000);
});
