import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const WRONG = 'seven idle boats on slate water';
const KNOWN_TO_THE_ATTACKER = 'the attacker knows this one well';
const CHOSEN = 'a password for this door alone';

let roster: Roster;
let admin: string;
let hashes = 0;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '1000' });
  admin = await roster.signIn();
  const pool = roster.app.get(HashPool, { strict: false });
  const [compare, hash] = [pool.compare.bind(pool), pool.hash.bind(pool)];
  pool.compare = (...work) => (hashes++, compare(...work));
  pool.hash = (...work) => (hashes++, hash(...work));
});
afterAll(() => roster.stop());

const post = (path: string, body: object) => roster.api.post(`/auth/${path}`).send(body);
const login = (identifier: string, password: string) => post('login', { identifier, password });
const as = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a stranger could measure. */
async function hashesOf(identifier: string, password = WRONG): Promise<number> {
  const before = hashes;
  await login(identifier, password);
  return hashes - before;
}
async function answer(identifier: string, password = KNOWN_TO_THE_ATTACKER): Promise<string> {
  const { status, body } = await login(identifier, password);
  return `${status} ${(body as { code?: string }).code}`;
}
async function signIn(identifier: string, password: string): Promise<{ id: string; token: string }> {
  const { body } = await login(identifier, password).expect(200);
  const { accessToken, user } = body as { accessToken: string; user: { id: string } };
  return { id: user.id, token: accessToken };
}
/** A registration of the attacker that the person has proved with a password of their own. */
async function proved(email: string, more: object = {}): Promise<{ id: string; token: string }> {
  await post('register', { email, password: KNOWN_TO_THE_ATTACKER, ...more }).expect(202);
  const token = tokenIn(await roster.inbox.waitFor(email));
  await post('verify-email', { token, newPassword: CHOSEN }).expect(200);
  return signIn(email, CHOSEN);
}
async function changeEmail({ id, token }: { id: string; token: string }, newEmail: string): Promise<void> {
  const asked = { newEmail, currentPassword: CHOSEN };
  await roster.api.put(`/users/${id}/email`).set(as(token)).send(asked).expect(202);
  const link = tokenIn(await roster.inbox.waitFor(newEmail));
  await roster.api.post('/auth/confirm-email-change').set(as(token)).send({ token: link }).expect(200);
}
const removePassword = ({ id, token }: { id: string; token: string }) =>
  roster.api.delete(`/users/${id}/methods/password`).set(as(token)).expect(204);

const OPEN = '403 email-not-verified';

describe('the time of a wrong password', () => {
  it('is the same before and after a registration is proved, whatever its account does then', async () => {
    const email = 'timed@example.com';
    await post('register', { email, password: CHOSEN, username: 'timed' }).expect(202);
    expect([await hashesOf(email), await hashesOf('timed')]).toEqual([2, 2]);
    await post('verify-email', { token: tokenIn(await roster.inbox.waitFor(email)) }).expect(200);
    expect([await hashesOf(email), await hashesOf('timed')]).toEqual([2, 2]);
    const owner = await signIn(email, CHOSEN);
    await changeEmail(owner, 'timed-elsewhere@example.com');
    expect([await hashesOf(email), await hashesOf('timed')]).toEqual([2, 2]);
    await removePassword(owner);
    expect([await hashesOf(email), await hashesOf('timed')]).toEqual([2, 2]);
  });

  it('is the same before and after a magic link proves a registration without a password', async () => {
    const email = 'timed-by-magic-link@example.com';
    await post('magic-link/request', { email }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    expect(await hashesOf(email)).toBe(2);
    await post('magic-link', { token }).expect(200);
    expect(await hashesOf(email)).toBe(2);
  });

  it('tells of nobody who registered nowhere, and the right one costs one hash', async () => {
    const made = { email: 'timed-by-admin@example.com', password: PASSWORD, firstName: 'Nora' };
    await roster.api.post('/users').set(as(admin)).send(made).expect(201);
    expect(await hashesOf('timed-by-admin@example.com')).toBe(1);
    expect(await hashesOf('nobody@example.com')).toBe(1);
    expect(await hashesOf('no-such-name')).toBe(1);
    await roster.join('timed-right@example.com');
    expect(await hashesOf('timed-right@example.com', PASSWORD)).toBe(1);
  });

  it('is that of a right one, too, which a suspension or a lock overtakes', async () => {
    const { id } = await roster.join('timed-overtaken@example.com');
    const gate = roster.app.get(SignInGate, { strict: false });
    const admit = gate.admit.bind(gate);
    gate.admit = async (...attempt) => {
      await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
      return admit(...attempt);
    };
    try {
      expect(await hashesOf('timed-overtaken@example.com', PASSWORD)).toBe(2);
    } finally {
      gate.admit = admit;
    }
  });
});

describe('the password of a registration that was proved with another one', () => {
  it('answers as before after the password is removed, and after another address is set', async () => {
    const email = 'kept@example.com';
    const owner = await proved(email, { username: 'probe-of-mallory' });
    expect([await answer(email), await answer('probe-of-mallory')]).toEqual([OPEN, OPEN]);
    await changeEmail(owner, 'kept-elsewhere@example.com');
    expect([await answer(email), await answer('probe-of-mallory')]).toEqual([OPEN, OPEN]);
    await removePassword(owner);
    expect([await answer(email), await answer('probe-of-mallory')]).toEqual([OPEN, OPEN]);
    expect(await answer('kept-elsewhere@example.com')).toBe('401 invalid-credentials');
  });

  it('answers as before to who has the address next, too', async () => {
    const email = 'handed-on@example.com';
    const owner = await proved(email);
    await changeEmail(owner, 'handed-on-elsewhere@example.com');
    await roster.database.query('DELETE FROM address_throttle');
    await post('register', { email, password: PASSWORD }).expect(202);
    await eventually(() => roster.inbox.to(email).filter(({ text }) => text.includes('/verify-email?')).length === 2);
    const link = roster.inbox.to(email).findLast(({ text }) => text.includes('/verify-email?'))!;
    await post('verify-email', { token: tokenIn(link) }).expect(200);
    await login(email, PASSWORD).expect(200);
    expect(await answer(email)).toBe(OPEN);
  });

  it('stops when a registration that nobody proved would, at the same moment', async () => {
    const owner = await proved('outlived@example.com');
    await post('register', { email: 'unproved@example.com', password: KNOWN_TO_THE_ATTACKER }).expect(202);
    const both = async () => [await answer('outlived@example.com'), await answer('unproved@example.com')];
    const older = (table: string, column: string) =>
      roster.database.query(`UPDATE ${table} SET ${column} = ${column} - interval '8 days'`);
    await older('users', 'created_at');
    await older('proved_claims', 'registered_at');
    expect(await both()).toEqual([OPEN, OPEN]);
    await roster.app.get(ClaimExpiry, { strict: false }).deleteExpired();
    expect(await both()).toEqual(['401 invalid-credentials', '401 invalid-credentials']);
    expect([await hashesOf('outlived@example.com'), await hashesOf('unproved@example.com')]).toEqual([1, 1]);
    await roster.api.get('/users/me').set(as(owner.token)).expect(200);
  });

  it('is gone with an erasure of who proved it', async () => {
    const { id } = await proved('erased@example.com');
    const rows = () => roster.database.query('SELECT 1 FROM proved_claims WHERE user_id = $1', [id]);
    expect(await rows()).toHaveLength(1);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    expect(await rows()).toEqual([]);
  });
});
