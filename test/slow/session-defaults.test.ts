import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Transactions } from '../../src/database/transaction.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

// What operators set for other applications, and what makes every value read otherwise than by default.
const DEFAULTS = {
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  extra_float_digits: '-15',
  array_nulls: 'off',
  transform_null_equals: 'on',
  row_security: 'off',
  lock_timeout: '10s',
  client_min_messages: 'debug1',
};
const SECRET_KEY = 'k3yZ'.repeat(12);

let database: TestDatabase;
let roster: Roster;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(DEFAULTS)) {
    await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${name} SET ${setting} = '${value}'`);
  }
  // Less than a migration takes that is in the way of others: it has no limit.
  await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${name} SET statement_timeout = '1ms'`);
  expect(await runCommand(['migrate'], { DATABASE_URL: database.url, SECRET_KEY })).toMatchObject({
    code: 0,
    stderr: '',
  });
  await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${name} RESET statement_timeout`);
});
afterAll(() => database.drop());

const end = async () => {
  await roster.app.close();
  await roster.inbox.down();
};

const failures = (one: Roster) => one.logLines().filter(({ msg }) => msg === 'request failed');

/** What people, admins and services ask for, each with an answer that says yes. */
async function walk(one: Roster, name: string): Promise<void> {
  const { api, inbox } = one;
  const admin = await one.signIn();
  const email = `${name}@example.com`;
  const ada = await one.join(email, { username: name, firstName: 'Ada' });
  const send = async (
    token: string,
    method: 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: string,
    body?: object,
  ) => {
    const answer = await api[method](path).set('authorization', `Bearer ${token}`).send(body);
    expect([method, path, answer.status, answer.body]).toEqual([
      method,
      path,
      answer.status < 300 && answer.status,
      answer.body,
    ]);
    return answer.body as Record<string, string>;
  };
  const bio = "back\\slash, quote' and ünïcode";
  const began = Date.now();
  await send(ada.token, 'patch', '/users/me', { bio });
  const me = await send(ada.token, 'get', '/users/me');
  expect(me).toMatchObject({ bio });
  expect(Math.abs(Date.parse(me['updatedAt']!) - began)).toBeLessThan(60_000);
  for (const path of ['/users?search=ada', '/users?limit=1', '/events', '/health/ready'])
    await send(admin, 'get', path);
  for (const what of ['history', 'diff?from=1', 'sign-ins', 'mails', 'contacts', 'methods', 'export']) {
    await send(admin, 'get', `/users/${ada.id}/${what}`);
  }
  await send(ada.token, 'get', '/auth/sessions');
  await send(ada.token, 'put', `/users/${ada.id}/password`, {
    currentPassword: PASSWORD,
    newPassword: `${PASSWORD}, again`,
  });
  await api.post('/auth/request-password-reset').send({ email: email }).expect(202);
  const reset = tokenIn(await inbox.waitFor(email, 3));
  await api.post('/auth/reset-password').send({ token: reset, newPassword: PASSWORD }).expect(204);
  await one.signIn(email, PASSWORD);
  await send(admin, 'post', `/users/${ada.id}/suspend`, { reason: 'x' });
  await send(admin, 'post', `/users/${ada.id}/reinstate`);
  await send(admin, 'delete', `/users/${ada.id}`);
  await send(admin, 'post', `/users/${ada.id}/restore`);
  await send(admin, 'post', `/users/${ada.id}/erase`);
}

const WAYS = [
  { way: 'directly', name: 'ada', environment: () => ({}) },
  // A pooler would forget most of what a session says of itself, so it is not said.
  { way: 'as by a pooler', name: 'adabel', environment: () => ({ DATABASE_DIRECT_URL: database.url }) },
] as const;

describe.each(WAYS)(
  'A server that comes $way to a role whose sessions have other defaults',
  ({ name, environment }) => {
    beforeAll(async () => (roster = await startRoster(environment(), [], database)));
    afterAll(end);

    it('goes the main journey, its commands included, and nothing fails', async () => {
      await walk(roster, name);
      for (const command of ['verify', 'replay']) {
        expect(await runCommand([command], { DATABASE_URL: database.url, SECRET_KEY })).toMatchObject({ code: 0 });
      }
      expect(failures(roster)).toEqual([]);
    });

    it('serves many who write at the same time', async () => {
      const writes = Array.from({ length: 30 }, (_, number) => {
        const email = `${name}-${number % 10}@example.com`;
        return roster.api.post('/auth/register').send({ email, password: PASSWORD });
      });
      const logins = Array.from({ length: 15 }, () =>
        roster.api.post('/auth/login').send({ identifier: ADMIN.email, password: ADMIN.password }),
      );
      const answers = await Promise.all([...writes, ...logins]);
      // On a machine with much else to do, the hash pool refuses some.
      const codes = answers.filter(({ status }) => status > 202).map(({ body }) => (body as { code: string }).code);
      expect(codes.filter((code) => code !== 'busy')).toEqual([]);
      expect(failures(roster)).toEqual([]);
    });

    it('has the dates, times and isolation that its statements expect', async () => {
      const [session] = await roster.app.get(Transactions, { strict: false }).run((tx) =>
        tx.query<object[]>(
          `SELECT current_setting('DateStyle') AS dates, current_setting('TimeZone') AS zone,
           current_setting('IntervalStyle') AS intervals, current_setting('transaction_isolation') AS isolation`,
        ),
      );
      expect(session).toEqual({ dates: 'ISO, MDY', zone: 'UTC', intervals: 'postgres', isolation: 'read committed' });
    });
  },
);

describe('A transaction that PostgreSQL cannot bring into an order with others', () => {
  beforeAll(async () => (roster = await startRoster({}, [], database)));
  afterAll(end);

  it('is tried again, and its effects are there once', async () => {
    const transactions = roster.app.get(Transactions, { strict: false });
    for (const [index, code] of ['40001', '40P01'].entries()) {
      let tries = 0;
      const subject = Buffer.from(`try of ${index}`);
      await transactions.run(async (tx) => {
        tries += 1;
        await tx.query('INSERT INTO rate_limits (key) VALUES ($1)', [subject.toString()]);
        if (tries < 4) await tx.query(`DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '${code}'; END $$`);
      });
      expect(tries).toBe(4);
      expect(await database.query('SELECT FROM rate_limits WHERE key = $1', [subject.toString()])).toHaveLength(1);
    }
  });

  it('is tried again, too, when it is a statement by itself', async () => {
    await database.query('CREATE SEQUENCE tries');
    await database.query(`
      CREATE FUNCTION at_the_fourth() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') < 4 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF;
        RETURN currval('tries');
      END $$`);
    const dataSource = roster.app.get(DataSource, { strict: false });
    expect(await dataSource.query('SELECT at_the_fourth() AS tries')).toEqual([{ tries: '4' }]);
    await database.query('DROP FUNCTION at_the_fourth');
    await database.query('DROP SEQUENCE tries');
  });

  it('is 503 with a time to come again, when it never succeeds', async () => {
    const token = await roster.signIn();
    await database.query(`
      CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$`);
    await database.query('CREATE TRIGGER never BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION never()');
    const answer = await roster.api.patch('/users/me').set('authorization', `Bearer ${token}`).send({ bio: 'x' });
    expect([answer.status, answer.headers['retry-after'], answer.body]).toMatchObject([
      503,
      '1',
      { code: 'unavailable' },
    ]);
    await database.query('DROP FUNCTION never CASCADE');
  });
});
