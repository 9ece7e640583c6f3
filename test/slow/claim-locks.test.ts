import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const THRESHOLD = 5;
const LOCK_NOTICE = /too many wrong passwords/i;
const WRONG = 'seven idle boats on slate water';
const KNOWN_TO_THE_ATTACKER = 'the attacker knows this one well';
const CHOSEN = 'a password for this door alone';

let roster: Roster;
let admin: string;
// The threshold is the default; a lock must not run out while the machine is slow.
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_DURATION: '15m' });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const post = (path: string, body: object) => roster.api.post(`/auth/${path}`).send(body);
const login = (identifier: string, password: string, more: object = {}) =>
  post('login', { identifier, password, ...more });
const register = (email: string, password: string, more: object = {}) =>
  post('register', { email, password, ...more }).expect(202);
const as = (token: string) => ({ authorization: `Bearer ${token}` });
async function fail(identifier: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await login(identifier, WRONG).expect(401);
}

/** What the attacker sees of its own registration. */
async function poll(identifier: string): Promise<string> {
  const { status, body } = await login(identifier, KNOWN_TO_THE_ATTACKER);
  return `${status} ${(body as { code: string }).code}`;
}

const OPEN = '403 email-not-verified';
const LOCKED = '401 invalid-credentials';

describe('a lock of a registration', () => {
  // Each with what happens to the address meanwhile, none of which the attacker may see.
  const meanwhile: [string, (email: string, ofAttacker: string) => Promise<unknown>][] = [
    ['nothing', () => Promise.resolve()],
    ['a newer registration', async (email) => register(email, PASSWORD)],
    [
      'a newer registration that is proved',
      async (email) => {
        await register(email, PASSWORD);
        const token = tokenIn(await roster.inbox.waitFor(email, 2));
        await post('verify-email', { token, newPassword: CHOSEN }).expect(200);
        await login(email, CHOSEN).expect(200);
      },
    ],
    [
      'a proof of it with another password',
      async (email, token) => {
        await post('verify-email', { token, newPassword: CHOSEN }).expect(200);
        await login(email, CHOSEN).expect(200);
      },
    ],
    [
      'sign-ins of who proved it',
      async (email, token) => {
        await post('verify-email', { token, newPassword: CHOSEN }).expect(200);
        for (let time = 0; time < 3; time++) await login(email, CHOSEN).expect(200);
      },
    ],
  ];

  it.each(meanwhile)('that is there already goes on through %s', async (what, happens) => {
    const email = `locked-before-${meanwhile.findIndex(([one]) => one === what)}@example.com`;
    await register(email, KNOWN_TO_THE_ATTACKER);
    const token = tokenIn(await roster.inbox.waitFor(email));
    expect(await poll(email)).toBe(OPEN);
    await fail(email, THRESHOLD);
    expect(await poll(email)).toBe(LOCKED);
    await happens(email, token);
    expect(await poll(email)).toBe(LOCKED);
  });

  it.each(meanwhile)('comes with as many failures after %s', async (what, happens) => {
    const email = `locked-after-${meanwhile.findIndex(([one]) => one === what)}@example.com`;
    const username = `probe-after-${meanwhile.findIndex(([one]) => one === what)}`;
    await register(email, KNOWN_TO_THE_ATTACKER, { username });
    const token = tokenIn(await roster.inbox.waitFor(email));
    await fail(email, 2);
    await happens(email, token);
    await fail(email, THRESHOLD - 3);
    expect(await poll(email)).toBe(OPEN);
    await fail(email, 1);
    expect(await poll(email)).toBe(LOCKED);
    // What was typed counts for itself.
    expect(await poll(username)).toBe(OPEN);
    await fail(username, THRESHOLD);
    expect(await poll(username)).toBe(LOCKED);
  });

  it('of an address that has an owner is none of the owner, whose own lock ends as ever while the other stays', async () => {
    const email = 'owner@example.com';
    const { id, token } = await roster.join(email);
    const first = await login(email, PASSWORD).expect(200);
    const { deviceToken } = first.body as { deviceToken: string };
    await register(email, KNOWN_TO_THE_ATTACKER);
    expect(await poll(email)).toBe(OPEN);
    await fail(email, THRESHOLD);
    await roster.inbox.about(email, LOCK_NOTICE);
    await login(email, PASSWORD).expect(401);
    await login(email, PASSWORD, { deviceToken }).expect(200);
    await roster.api.get('/users/me').set(as(token)).expect(200);

    await roster.api.post(`/users/${id}/unlock`).set(as(admin)).expect(200);
    await login(email, PASSWORD).expect(200);
    expect(await poll(email)).toBe(LOCKED);

    const mails = roster.inbox.to(email).length;
    await fail(email, THRESHOLD);
    const mail = await roster.inbox.linkAfter(email, mails);
    expect(mail.email.subject).toMatch(LOCK_NOTICE);
    await post('unlock', { token: tokenIn(mail) }).expect(200);
    await login(email, PASSWORD).expect(200);
    expect(await poll(email)).toBe(LOCKED);
  });

  it('comes between a right password and its answer, when the wrong ones were enough meanwhile', async () => {
    const email = 'at-once@example.com';
    await register(email, KNOWN_TO_THE_ATTACKER);
    const gate = roster.app.get(SignInGate, { strict: false });
    const enter = gate.enter.bind(gate);
    gate.enter = async (...given) => {
      const entered = await enter(...given);
      gate.enter = enter;
      // All of them have entered before any proof was looked at, as many guesses at once do.
      await fail(email, THRESHOLD);
      return entered;
    };
    expect(await poll(email)).toBe(LOCKED);
  });

  it('keeps nobody out who proves the address, and counts every failure of many at once', async () => {
    const email = 'crowd@example.com';
    await register(email, KNOWN_TO_THE_ATTACKER);
    const token = tokenIn(await roster.inbox.waitFor(email));
    await Promise.all(Array.from({ length: 20 }, () => login(email, WRONG).expect(401)));
    expect(await poll(email)).toBe(LOCKED);
    await post('verify-email', { token }).expect(200);
    await login(email, KNOWN_TO_THE_ATTACKER).expect(200);
  });
});
