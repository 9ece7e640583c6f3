import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { Keyring } from '../../src/database/keyring.js';
import { Transactions } from '../../src/database/transaction.js';
import { chainHash, EventLog } from '../../src/events/event-log.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { createTestDatabase } from '../support/database.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const COUNT = 300;

let roster: Roster;
let admin: string;
let said: { stdout: string; stderr: string };
beforeAll(async () => {
  const database = await createTestDatabase();
  said = await promisify(execFile)(process.execPath, ['dist/cli.js', 'seed', '--users', String(COUNT)], {
    cwd: PACKAGE_ROOT,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      SECRET_KEY,
      SMTP_URL: 'smtp://127.0.0.1:1',
      BCRYPT_COST: '4',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
    },
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
