import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RATE_RULES } from '../../src/access/limit.decorator.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

// Every way to write one mailbox that a server takes.
const SPELLINGS = [
  'max@müller.example',
  'MAX@MÜLLER.example',
  'max@xn--mller-kva.example',
  'Max@mu\u0308ller\u3002example',
];
const [FIRST = ''] = SPELLINGS;

let roster: Roster;
let admin: string;
let max: { id: string; token: string };
const sentTo = () => roster.inbox.mails.map(({ email }) => email.to?.[0]?.address);

beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '4' });
  admin = await roster.signIn();
  await roster.api.post('/auth/register').send({ email: FIRST, password: PASSWORD }).expect(202);
  const { token } = await linkOf(/confirm/i);
  await roster.api.post('/auth/verify-email').send({ token }).expect(200);
  const session = await roster.signIn(FIRST, PASSWORD);
  const me = await roster.api.get('/users/me').set(as(session)).expect(200);
  max = { id: (me.body as { id: string }).id, token: session };
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password = PASSWORD) =>
  roster.api.post('/auth/login').send({ identifier, password });

async function linkOf(subject: RegExp): Promise<{ token: string }> {
  for (;;) {
    const token = roster.inbox.mails
      .filter(({ email }) => subject.test(email.subject ?? ''))
      .map(({ text }) => /\?token=(\S+)/.exec(text)?.[1])
      .find((found) => found !== undefined);
    if (token !== undefined) return { token };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('one mailbox', () => {
  it('is kept and mailed as it was typed', async () => {
    const { body } = await roster.api.get('/users/me').set(as(max.token)).expect(200);
    expect(body).toMatchObject({ email: FIRST });
    expect(sentTo()).toContain('max@xn--mller-kva.example');
  });

  it.each(SPELLINGS)('signs in, is taken, and is found by %s', async (spelling) => {
    const { body } = await login(spelling).expect(200);
    expect(body).toMatchObject({ user: { id: max.id } });
    const taken = await roster.api.post('/users').set(as(admin)).send({ email: spelling }).expect(409);
    expect(taken.body).toMatchObject({ code: 'email-taken' });
    const found = await roster.api.get('/users').query({ search: spelling }).set(as(admin)).expect(200);
    expect((found.body as { items: { id: string }[] }).items.map(({ id }) => id)).toEqual([max.id]);
  });

  it('has one turn of every throttle, whichever way it is written', async () => {
    await roster.database.query('DELETE FROM address_throttle');
    for (const email of SPELLINGS) await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    const turns = () => roster.database.query('SELECT FROM address_throttle');
    for (let left = 200; left > 0 && (await turns()).length === 0; left--) await new Promise((r) => setTimeout(r, 20));
    await new Promise((r) => setTimeout(r, 500));
    expect(await turns()).toHaveLength(1);
  });

  it('that nobody has has one count of wrong passwords', async () => {
    const nobody = SPELLINGS.map((spelling) => spelling.replace(/max/i, (name) => `no${name}`));
    await roster.database.query('DELETE FROM lockouts');
    for (const spelling of nobody) await login(spelling).expect(401);
    const rows = await roster.database.query<{ locked: boolean }>(
      'SELECT locked_until IS NOT NULL AS locked FROM lockouts',
    );
    // Beside it, that of the registrations which could claim it.
    expect(rows).toEqual([{ locked: true }, { locked: true }]);
  });

  it('is one contact', async () => {
    const add = (value: string) =>
      roster.api.post(`/users/${max.id}/contacts`).set(as(max.token)).send({ kind: 'email', value });
    await add('work@müller.example').expect(201);
    const again = await add('WORK@xn--mller-kva.example').expect(409);
    expect(again.body).toMatchObject({ code: 'contact-exists' });
  });

  it('of each that only look alike is a user of its own', async () => {
    for (const email of [
      'kim@example.com',
      '\u212aim@example.com',
      'öz@example.com',
      'ÖZ@example.com',
      'm@strasse.example',
      'm@straße.example',
    ]) {
      const { body } = await roster.api.post('/users').set(as(admin)).send({ email, password: PASSWORD }).expect(201);
      expect((await login(email).expect(200)).body).toMatchObject({ user: { id: (body as { id: string }).id } });
    }
  });
});

describe('an address with something in it that cannot be seen', () => {
  const UNSEEN = [
    '\u00ad',
    '\u200b',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u202e',
    '\u2066',
    '\u200f',
    '\u061c',
    '\u3164',
    '\ufe0f',
    '\u2800',
  ];
  const BODIES: Record<string, (email: string) => [string, object, string?]> = {
    registration: (email) => ['/auth/register', { email, password: PASSWORD }],
    'fresh link': (email) => ['/auth/resend-verification', { email }],
    reset: (email) => ['/auth/request-password-reset', { email }],
    'magic link': (email) => ['/auth/magic-link/request', { email }],
    creation: (email) => ['/users', { email }, admin],
    contact: (value) => [`/users/${max.id}/contacts`, { kind: 'email', value }, max.token],
  };

  it.each(Object.entries(BODIES))('is refused for a %s', async (_, ask) => {
    for (const sign of UNSEEN) {
      for (const email of [`a${sign}da@example.com`, `ada@exam${sign}ple.com`]) {
        const [path, body, token] = ask(email);
        const answer = await roster.api
          .post(path)
          .set(token === undefined ? {} : as(token))
          .send(body);
        expect({ email, status: answer.status }).toEqual({ email, status: 400 });
        expect(answer.body).toMatchObject({ code: 'validation-failed' });
      }
    }
  });
});

describe('a rate limit of a name', () => {
  it('is one for all spellings of it', async () => {
    const limited = await startRoster({
      RATE_LIMIT_ENABLED: 'true',
      LOCKOUT_THRESHOLD: '1000',
      TRUST_PROXY: '127.0.0.1',
    });
    try {
      const attempt = (identifier: string, from: number) =>
        limited.api
          .post('/auth/login')
          .set('x-forwarded-for', `198.51.100.${from}`)
          .send({ identifier, password: PASSWORD });
      const { times } = RATE_RULES['sign-in-by-account'];
      for (let time = 0; time < times; time++)
        await attempt(SPELLINGS[time % SPELLINGS.length] ?? '', time).expect(401);
      for (const spelling of SPELLINGS) await attempt(spelling, 250).expect(429);
    } finally {
      await limited.stop();
    }
  });
});
