import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { SharedMailboxes } from '../../src/users/store/shared-mailboxes.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { tokenIn } from '../support/inbox.js';
import { type Roster, startRoster } from '../support/roster.js';

const FOLDER = join(PACKAGE_ROOT, 'test/fixtures/upgrades/0.2.0');
const { secretKey, password } = JSON.parse(readFileSync(join(FOLDER, 'fixture.json'), 'utf8')) as {
  secretKey: string;
  password: string;
};

interface Given {
  readonly email: string;
  readonly username: string;
  readonly signedInAt?: string;
  readonly pending?: boolean;
  readonly deletedAt?: string;
}

/** As 0.2.0 had them: the key of an address was the address in lower case. */
const GIVEN: Record<string, Given> = {
  unicode: { email: 'Max@müller.example', username: 'max.unicode', signedInAt: '2026-11-01' },
  ascii: { email: 'max@xn--mller-kva.example', username: 'max.ascii', signedInAt: '2026-11-20' },
  softHyphen: { email: 'max@mül\u00adler.example', username: 'max.hyphen' },
  claim: { email: 'MAX@müller.example', username: 'max.claim', pending: true },
  gone: { email: 'eva@bücher.example', username: 'eva.gone', signedInAt: '2026-11-25', deletedAt: '2026-11-26' },
  here: { email: 'eva@xn--bcher-kva.example', username: 'eva.here' },
  alone: { email: 'Jörg.ÖZ@straße.example', username: 'joerg' },
};
const ids = Object.fromEntries(Object.keys(GIVEN).map((name) => [name, uuidv7()]));
const ALL = 'SELECT * FROM users WHERE id = ANY ($1) ORDER BY id';

let database: TestDatabase;
let roster: Roster;
let admin: string;
let before: Record<string, unknown>[];
let migrated: Awaited<ReturnType<typeof runCommand>>;

/** A user with the password and the events of one who is in the dump. */
async function give(id: string, { email, username, signedInAt, pending, deletedAt }: Given): Promise<void> {
  await database.query(
    `INSERT INTO users SELECT (jsonb_populate_record(users, $1)).* FROM users WHERE username_key = 'grace.hopper'`,
    [
      {
        ...{ id, email, username, email_key: email.toLowerCase(), username_key: username, role: 'AUTHENTICATED' },
        ...{ last_login_at: signedInAt ?? null, pending: pending ?? false, deleted_at: deletedAt, search: 'old' },
      },
    ],
  );
  for (const [table, changes] of [
    ['password_credentials', { user_id: id }],
    ['user_events', { user_id: id }],
  ] as const) {
    await database.query(
      `INSERT INTO ${table} SELECT (jsonb_populate_record(t, $1 || CASE WHEN $2 THEN jsonb_build_object('id', gen_random_uuid())
         ELSE '{}' END)).* FROM ${table} t WHERE user_id = (SELECT id FROM users WHERE username_key = 'grace.hopper')`,
      [changes, table === 'user_events'],
    );
  }
}

beforeAll(async () => {
  database = await createTestDatabase('template0');
  await database.query(readFileSync(join(FOLDER, 'dump.sql'), 'utf8'));
  await database.query('DISCARD ALL');
  for (const [name, given] of Object.entries(GIVEN)) await give(ids[name]!, given);
  before = await database.query(ALL, [Object.values(ids)]);
  migrated = await command('migrate');
  roster = await startRoster({ SECRET_KEY: secretKey }, [], database);
  admin = await roster.signIn('admin@example.com', password);
});
afterAll(() => roster.stop());

const command = (name: string) =>
  runCommand([name], { DATABASE_URL: database.url, SECRET_KEY: secretKey, SMTP_URL: 'smtp://127.0.0.1:1' });

async function whoIs(identifier: string): Promise<string> {
  const { body } = await roster.api.post('/auth/login').send({ identifier, password }).expect(200);
  return (body as { user: { id: string } }).user.id;
}

const settle = () => roster.app.get(SharedMailboxes, { strict: false }).assignFreeKeys();

describe('a database of 0.2.0 in which several users have one mailbox', () => {
  it('loses nothing: but for the keys by which they are found, every user is as before', async () => {
    const derived = { email_key: '', search: '' };
    const after = await database.query<Record<string, unknown>>(ALL, [Object.values(ids)]);
    expect(after.map((row) => ({ ...row, ...derived }))).toEqual(
      before.map((row) => expect.objectContaining({ ...row, ...derived }) as unknown),
    );
  });

  it('says at the migration and at every start who cannot be found by the address any more, and who can', async () => {
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await command('shared-mailboxes');
    for (const said of [migrated.stdout, stdout]) {
      expect(said).toContain('3 users share the mailbox of another user');
      const line = (name: string, keptBy: string) =>
        expect(said).toMatch(new RegExp(`${ids[name]} \\(.*\\): this address finds ${ids[keptBy]} \\(`));
      line('unicode', 'ascii');
      line('softHyphen', 'ascii');
      line('gone', 'here');
    }
    const [line, ...more] = roster.logLines().filter(({ userIds }) => userIds);
    expect(line?.['userIds']).toEqual([ids['unicode'], ids['softHyphen'], ids['gone']]);
    expect(JSON.stringify(line)).not.toMatch(/müller|xn--/);
    expect(more).toEqual([]);
  });

  it('lets who signed in last, or is not deleted, sign in by any spelling, and the others by username', async () => {
    for (const spelling of ['max@müller.example', 'MAX@XN--MLLER-KVA.example', 'max@mül\u00adler.example']) {
      expect(await whoIs(spelling)).toBe(ids['ascii']);
    }
    expect(await whoIs('eva@bücher.example')).toBe(ids['here']);
    expect(await whoIs('max.unicode')).toBe(ids['unicode']);
    expect(await whoIs('max.hyphen')).toBe(ids['softHyphen']);
    for (const spelling of ['Jörg.ÖZ@straße.example', 'jörg.Öz@xn--strae-oqa.example']) {
      expect(await whoIs(spelling)).toBe(ids['alone']);
    }
  });

  it('lets a user without a key change as any other, and have the key again with another address', async () => {
    const token = await roster.signIn('max.unicode', password);
    const auth = ['authorization', `Bearer ${token}`] as const;
    await roster.api
      .patch('/users/me')
      .set(...auth)
      .send({ firstName: 'Max' })
      .expect(200);
    await roster.api
      .put(`/users/${ids['unicode']}/email`)
      .set(...auth)
      .send({ newEmail: 'max@elsewhere.example', currentPassword: password })
      .expect(202);
    const link = tokenIn(await roster.inbox.waitFor('max@elsewhere.example'));
    await roster.api.post('/auth/confirm-email-change').send({ token: link, currentPassword: password }).expect(200);
    expect(await whoIs('max@elsewhere.example')).toBe(ids['unicode']);
  });

  it('gives the key to the next one when the one who has it is erased', async () => {
    await roster.api.post(`/users/${ids['ascii']}/erase`).set('authorization', `Bearer ${admin}`).expect(204);
    await settle();
    expect(await whoIs('max@müller.example')).toBe(ids['softHyphen']);
    expect((await command('shared-mailboxes')).stdout).toContain('One user shares the mailbox of another user');
  });

  it('puts right what a server of the release before writes beside this one', async () => {
    await database.query(`UPDATE users SET email_key = lower(email), search = 'joergQCAQoz' WHERE id = $1`, [
      ids['alone'],
    ]);
    await settle();
    expect(await whoIs('Jörg.ÖZ@straße.example')).toBe(ids['alone']);
    const { body } = await roster.api.get('/users?search=joerg').set('authorization', `Bearer ${admin}`).expect(200);
    expect((body as { items: { id: string }[] }).items.map(({ id }) => id)).toEqual([ids['alone']]);
  });
});
