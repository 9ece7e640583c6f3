import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { Keyring } from '../../src/database/keyring.js';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { Transactions } from '../../src/database/transaction.js';
import { event } from '../../src/events/catalogue.js';
import { EventLog, chainHash } from '../../src/events/event-log.js';
import { VersionConflict } from '../../src/events/event-errors.js';
import { changeRole } from '../../src/users/aggregate/decide.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });
const context = systemContext('event-log-test');

async function newUser(email: string): Promise<UserState> {
  return get(Transactions).run((tx) =>
    get(UserStore).create(tx, { email, role: 'AUTHENTICATED', how: 'admin' }, context),
  );
}

describe('the event log', () => {
  it.each([
    "UPDATE user_events SET type = 'x'",
    'DELETE FROM user_events',
    'TRUNCATE user_events',
    'TRUNCATE user_events CASCADE',
  ])('refuses %s, for the application too', async (sql) => {
    await newUser(`append-only-${Math.random()}@example.com`);
    await expect(roster.database.query(sql)).rejects.toThrow(/append-only/);
    await expect(get(Transactions).run((tx) => tx.query(sql))).rejects.toThrow(/append-only/);
  });

  it('gives a version to one of two writers', async () => {
    const { id, version } = await newUser('conflict@example.com');
    const write = () =>
      get(Transactions).run((tx) =>
        get(EventLog).append(
          tx,
          { userId: id, afterVersion: version },
          [event('user.role_changed', { from: 'AUTHENTICATED', to: 'MANAGER' })],
          context,
        ),
      );
    const results = await Promise.allSettled([write(), write(), write()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(VersionConflict);
    }
  });

  it('numbers without gaps when many change one user at once through Users', async () => {
    const { id } = await newUser('busy@example.com');
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        get(Transactions).run((tx) =>
          get(UserStore).change(
            tx,
            id,
            (state) => changeRole(state, index % 2 ? 'MANAGER' : 'AUTHENTICATED', 1),
            context,
          ),
        ),
      ),
    );
    const rows = await roster.database.query<{ user_version: number; hash: Buffer; previous_hash: Buffer | null }>(
      'SELECT user_version, hash, previous_hash FROM user_events WHERE user_id = $1 ORDER BY 1',
      [id],
    );
    expect(rows.map(({ user_version }) => user_version)).toEqual(rows.map((_, index) => index + 1));
    // Also where one waited for the lock, and read the event before of the time before it waited.
    expect(rows.map(({ previous_hash }) => previous_hash)).toEqual([
      null,
      ...rows.slice(0, -1).map(({ hash }) => hash),
    ]);
    const [user] = await roster.database.query<{ version: number }>('SELECT version FROM users WHERE id = $1', [id]);
    expect(user?.version).toBe(rows.length);
  });

  it('folds to the row, for every user of a real journey', async () => {
    await roster.join('fold@example.com', { username: 'folder', firstName: 'Fo', lastName: 'Ld', locale: 'en' });
    const ids = await roster.database.query<{ id: string }>(
      // All but the one whose events were written behind the back of its row, above.
      "SELECT id FROM users WHERE email <> 'conflict@example.com'",
    );
    for (const { id } of ids) {
      await get(Transactions).run(async (tx) => {
        const events = await get(EventLog).read(tx, id);
        const row = await get(UserStore).find(tx, id);
        expect(row && stateOf(row)).toEqual(events.reduce<UserState | undefined>(evolve, undefined));
      });
    }
  });

  it('is chained: each hash covers the event and the hash before it', async () => {
    await roster.join('chain@example.com');
    const rows = await roster.database.query<Parameters<typeof chainHash>[0] & { hash: Buffer }>(
      "SELECT * FROM user_events WHERE user_id = (SELECT id FROM users WHERE email = 'chain@example.com') ORDER BY user_version",
    );
    expect(rows).toHaveLength(3);
    let previous: Buffer | null = null;
    for (const { hash, ...row } of rows) {
      expect(row.previous_hash).toEqual(previous);
      const key = get(Keyring).find('event-chain', row.key_id);
      expect(chainHash(row, key?.secret ?? Buffer.alloc(0))).toEqual(hash);
      expect(chainHash({ ...row, trace_id: 'forged' }, key?.secret ?? Buffer.alloc(0))).not.toEqual(hash);
      previous = hash;
    }
  });

  it('is chained alike whichever way an id in a path is spelled', async () => {
    const { id, token } = await roster.join('upper-case@example.com');
    const shouted = id.toUpperCase();
    const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
    const own = roster.api.patch(`/users/${shouted}`).set(as(token));
    await own.send({ firstName: 'Ada' }).expect(200);
    const admin = as(await roster.signIn());
    await roster.api.put(`/users/${shouted}/role`).set(admin).send({ role: 'MANAGER' }).expect(200);
    await get(Transactions).run((tx) =>
      get(UserStore).change(tx, shouted, (state) => changeRole(state, 'ADMIN', 1), context),
    );
    const rows = await roster.database.query<Parameters<typeof chainHash>[0] & { hash: Buffer }>(
      'SELECT * FROM user_events WHERE user_id = $1 ORDER BY user_version',
      [id],
    );
    expect(rows).toHaveLength(6);
    for (const { hash, ...row } of rows) {
      const key = get(Keyring).find('event-chain', row.key_id);
      expect(chainHash(row, key?.secret ?? Buffer.alloc(0))).toEqual(hash);
    }
  });

  it('holds what it says about people sealed, and nothing readable once their key is gone', async () => {
    const email = 'sealed-canary@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD, firstName: 'Canaria' }).expect(202);
    const rows = await roster.database.query<{ row: string }>('SELECT t::text AS row FROM user_events AS t');
    const hex = (text: string) => Buffer.from(text).toString('hex');
    for (const { row } of rows) {
      for (const canary of [email, 'Canaria', hex(email), hex('Canaria')]) expect(row).not.toContain(canary);
    }
  });

  it('keeps the record of a claim that vanished, without its person', async () => {
    const email = 'vanish@example.com';
    const password = 'third claim by the red door';
    await roster.api.post('/auth/register').send({ email, password, firstName: 'Vanya' }).expect(202);
    const [loser] = await roster.database.query<{ id: string }>(
      "SELECT id FROM users WHERE email = 'vanish@example.com' ORDER BY id DESC LIMIT 1",
    );
    const id = loser?.id ?? '';
    await roster.database.query("UPDATE users SET created_at = now() - interval '8 days' WHERE id = $1", [id]);
    await get(ClaimExpiry).deleteExpired();
    expect(await roster.database.query('SELECT 1 FROM users WHERE id = $1', [id])).toEqual([]);
    expect(await roster.database.query('SELECT 1 FROM user_keys WHERE user_id = $1', [id])).toEqual([]);
    expect(await roster.database.query('SELECT 1 FROM password_credentials WHERE user_id = $1', [id])).toEqual([]);
    const events = await get(Transactions).run((tx) => get(EventLog).read(tx, id));
    expect(events).toMatchObject([
      { type: 'user.created', data: { email: null, firstName: null, role: 'AUTHENTICATED', how: 'registration' } },
      { type: 'user.verification_token.created' },
      { type: 'user.erased', data: { reason: 'claim-expired' } },
    ]);
  });
});
