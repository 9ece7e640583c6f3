import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { systemContext } from '../../src/access/caller.js';
import { LOCKED_JOB } from '../../src/auth/lockout/lockouts.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { countWaiting } from '../support/meanwhile.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const NEW_PASSWORD = 'eleven red kites over hills';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '2' });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const post = (path: string, body: object, token?: string) =>
  roster.api
    .post(path)
    .set(token === undefined ? {} : as(token))
    .send(body);
const invite = async (email: string) =>
  String((await post('/users', { email, firstName: 'Ada' }, admin).expect(201)).body.id);
const claim = async (email: string) => {
  await post('/auth/register', { email, password: PASSWORD }).expect(202);
  const rows = await roster.database.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
  return rows[0]!.id;
};
const tokens = new Map<string, string>();
const join = async (email: string) => {
  const { id, token } = await roster.join(email);
  tokens.set(id, token);
  return id;
};
const linkTo = async (email: string, nth = 1) => tokenIn(await roster.inbox.waitFor(email, nth));
const lockOut = async (email: string) => {
  for (let time = 0; time < 2; time++) await post('/auth/login', { identifier: email, password: 'wrong' }).expect(401);
};

/** What is done about a user, after `given` has made it and what is asked for was asked for before. */
interface Flow {
  readonly what: string;
  readonly given: (email: string) => Promise<string>;
  /** So that the rows are there which it locks. */
  readonly before?: (email: string, id: string) => Promise<unknown>;
  readonly act: (email: string, id: string, link: string) => PromiseLike<unknown>;
  /** Which mail to the address has the link, if `act` uses one. */
  readonly link?: number;
}

const ask = (path: string) => (email: string) => post(path, { email }).expect(202);
const again = ask('/auth/resend-verification');
const reset = ask('/auth/request-password-reset');
const magic = ask('/auth/magic-link/request');
const get = (path: string, id: string) => roster.api.get(path).set(as(tokens.get(id)!));
const move = (email: string, id: string) =>
  roster.api
    .put(`/users/${id}/email`)
    .set(as(tokens.get(id)!))
    .send({ newEmail: `new-${email}`, currentPassword: PASSWORD })
    .expect(202);
const addContact = (email: string, id: string) =>
  post(`/users/${id}/contacts`, { kind: 'email', value: `contact-${email}` }, tokens.get(id)).expect(201);
const mailsIn = (state: string, id: string) =>
  roster.database.query('SELECT 1 FROM mails WHERE state = $1 AND user_id = $2', [state, id]);
const suspend = (id: string) => post(`/users/${id}/suspend`, { reason: 'x' }, admin).expect(200);
const open = (path: string, more: object = {}) => {
  return (_email: string, _id: string, token: string) => post(path, { token, ...more });
};

const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

const FLOWS: readonly Flow[] = [
  { what: 'a fresh invitation is asked for', given: invite, before: again, act: again },
  { what: 'a fresh link of a registration is asked for', given: claim, before: again, act: again },
  { what: 'a reset is asked for', given: join, before: reset, act: reset },
  { what: 'a link to sign in by is asked for', given: join, before: magic, act: magic },
  {
    what: 'a link to sign in by is refused',
    given: join,
    before: async (email, id) => {
      await suspend(id);
      await magic(email);
    },
    act: magic,
  },
  {
    what: 'a lock is told of',
    given: join,
    before: async (email) => {
      await lockOut(email);
      await roster.inbox.waitFor(email, 2);
    },
    // The job of another lock: what it waits for, who fails to sign in would wait for before.
    act: (_email, userId) => {
      const notice = { userId, kind: 'user', at: new Date().toISOString(), context: systemContext('0'.repeat(32)) };
      return roster.database.query('SELECT graphile_worker.add_job($1, $2)', [LOCKED_JOB, JSON.stringify(notice)]);
    },
  },
  {
    what: 'an invitation is accepted',
    given: invite,
    act: open('/auth/accept-invitation', { newPassword: NEW_PASSWORD }),
    link: 1,
  },
  { what: 'a registration is confirmed', given: claim, act: open('/auth/verify-email'), link: 1 },
  {
    what: 'a password is reset',
    given: join,
    before: reset,
    act: open('/auth/reset-password', { newPassword: NEW_PASSWORD }),
    link: 2,
  },
  { what: 'somebody signs in by a link', given: join, before: magic, act: open('/auth/magic-link'), link: 2 },
  {
    what: 'somebody signs in by the code of a link',
    given: join,
    before: (email) => post('/auth/magic-link/request', { email, codeChallenge: CHALLENGE }).expect(202),
    act: async (_email, _id, token) => {
      const page = await roster.api.get('/auth/magic-link').query({ token }).set('accept', 'text/html');
      const [, code] = /<p class="short-code[^>]*>([^<]+)</.exec(page.text) ?? [];
      await post('/auth/magic-link/code', { code, codeVerifier: VERIFIER }).expect(200);
    },
    link: 2,
  },
  {
    what: 'an address is asked for',
    given: join,
    before: move,
    act: async (email, id) => {
      await move(email, id);
    },
  },
  {
    what: 'an address is changed',
    given: join,
    before: move,
    act: async (email, id) => {
      const token = await linkTo(`new-${email}`);
      await post('/auth/confirm-email-change', { token, currentPassword: PASSWORD }, tokens.get(id)).expect(200);
    },
  },
  {
    what: 'a contact is asked to be confirmed',
    given: join,
    before: addContact,
    act: async (_email, id) => {
      const { body } = await get(`/users/${id}/contacts`, id);
      const [contact] = (body as { items: { id: string }[] }).items;
      await post(`/users/${id}/contacts/${contact!.id}/resend-confirmation`, {}, tokens.get(id)).expect(202);
    },
  },
  {
    what: 'a contact is confirmed',
    given: join,
    before: addContact,
    act: async (email) => {
      await post('/auth/confirm-contact', { token: await linkTo(`contact-${email}`) }).expect(200);
    },
  },
  {
    what: 'a mail leaves whose link has expired',
    given: invite,
    before: async (email, id) => {
      await roster.inbox.waitFor(email);
      await eventually(async () => (await mailsIn('queued', id)).length === 0);
      await roster.database.query("UPDATE one_time_tokens SET expires_at = now() - interval '1 m' WHERE user_id = $1", [
        id,
      ]);
    },
    act: async (email, id) => {
      await roster.database.query("UPDATE mails SET state = 'queued', due_at = now() WHERE user_id = $1", [id]);
      await roster.inbox.waitFor(email, 2);
    },
  },
  { what: 'a lock is ended by its link', given: join, before: lockOut, act: open('/auth/unlock'), link: 2 },
];

/** The rows of tokens and turns that others hold at this moment. */
async function heldRows(): Promise<object[]> {
  const tables = ['one_time_tokens', 'address_throttle', 'address_allowances'];
  const client = new pg.Client({ connectionString: roster.database.url });
  await client.connect();
  const held: object[] = [];
  await client.query('BEGIN');
  for (const table of tables) {
    const all = await client.query(`SELECT ctid FROM ${table}`);
    const free = await client.query(`SELECT ctid FROM ${table} FOR UPDATE SKIP LOCKED`);
    if (free.rowCount !== all.rowCount) held.push({ table, rows: all.rowCount! - free.rowCount! });
  }
  await client.end();
  return held;
}

const waiting = () => countWaiting(roster.database);
const jobsAreDone = async () =>
  (await roster.database.query('SELECT 1 FROM graphile_worker._private_jobs')).length === 0;

/** Begins a transaction that holds what `sql` locks, and gives back its end. */
async function hold(sql: string, values: readonly string[]): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: roster.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, [...values]);
  return () => client.end();
}

describe('Whoever waits for a user holds neither its links nor its turns, so that no two wait for each other', () => {
  it.each(FLOWS)('when $what', async ({ what, given, before, act, link }) => {
    const email = `${what.replaceAll(' ', '-')}@example.com`;
    const id = await given(email);
    await before?.(email, id);
    const token = link === undefined ? '' : await linkTo(email, link);
    await eventually(jobsAreDone);
    // As if a minute had passed: it is the next one's turn.
    await roster.database.query("UPDATE address_throttle SET last_mail_at = last_mail_at - interval '2 minutes'");
    const release = await hold('SELECT FROM users WHERE id = $1 FOR UPDATE', [id]);
    const done = Promise.resolve(act(email, id, token));
    await eventually(async () => (await waiting()) > 0);
    const held = await heldRows();
    await release();
    await done;
    await eventually(jobsAreDone);
    expect(held).toEqual([]);
  });
});

describe('A registration', () => {
  it('that waits for its address holds neither its username nor a link of a rival, and meets others in one order', async () => {
    const email = 'contested@example.com';
    const username = 'contested';
    await claim(email);
    const release = await hold('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`address:${email}`]);
    // An admin who creates the very user takes the address first, and then the username.
    const answers = [
      post('/auth/register', { email, username, password: PASSWORD }),
      post('/auth/register', { email, username, password: NEW_PASSWORD }),
      post('/users', { email, username, password: PASSWORD }, admin),
    ].map((request) => Promise.resolve(request));
    await eventually(async () => (await waiting()) === answers.length);
    const [row] = await roster.database.query<{ free: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free',
      [`username:${username}`],
    );
    const held = await heldRows();
    await release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect({ free: row?.free, held }).toEqual({ free: true, held: [] });
    // One of them has the username; the others are told so.
    expect(statuses.filter((status) => status < 300)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(2);
  });
});
