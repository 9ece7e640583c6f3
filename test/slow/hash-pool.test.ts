import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HashChild } from '../../src/auth/passwords/hash-pool/hash-child.js';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import { PasswordHasher } from '../../src/auth/passwords/password-hasher.js';
import { Keyring } from '../../src/database/keyring.js';
import { hashAlone } from '../support/per-worker/hashing.js';
import { queriesOf } from '../support/query-cost.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

const COST = 5;

let roster: Roster;
let pool: HashPool;
beforeAll(async () => {
  roster = await startRoster({ BCRYPT_COST: String(COST) });
  pool = hashAlone(roster.app.get(HashPool, { strict: false }));
});
afterAll(() => roster.stop());
afterEach(() => void jest.restoreAllMocks());

const login = (identifier: string, password: string) => roster.api.post('/auth/login').send({ identifier, password });

describe('while more sign in than there are processors for', () => {
  const held: number[] = [];
  const inHand: Promise<unknown>[] = [];
  let token: string;

  beforeAll(async () => {
    token = await roster.signIn();
    const size = pool['workers'];
    await Promise.all(Array.from({ length: size }, () => pool.hash('x', COST)));
    held.push(...[...pool['children']].map(({ pid = 0 }) => pid));
    for (const pid of held) process.kill(pid, 'SIGSTOP');
    inHand.push(...held.map(() => pool.hash('x', COST)));
    pool['averageMs'] = 5000 * size;
  });
  afterAll(async () => {
    for (const pid of held) process.kill(pid, 'SIGCONT');
    await Promise.all(inHand);
    // What waited has shown how long a hash takes really.
    pool['averageMs'] = undefined;
  });

  it('refuses a sign-in with 503 and Retry-After, the same for everybody', async () => {
    const answers = await Promise.all([
      login(ADMIN.email, ADMIN.password),
      login(ADMIN.email, 'wrong'),
      login('nobody@example.com', 'wrong'),
    ]);
    const shown = answers.map(({ status, headers, body }) => ({
      status,
      type: headers['content-type'],
      retryAfter: headers['retry-after'],
      body: { ...body, traceId: '' },
    }));
    expect(shown[0]).toMatchObject({
      status: 503,
      type: 'application/problem+json; charset=utf-8',
      retryAfter: '3',
      body: { type: 'urn:roster:problem:busy', code: 'busy', status: 503 },
    });
    expect(shown).toEqual([shown[0], shown[0], shown[0]]);
  });

  it('looks nobody up for a sign-in that it refuses, but for whoever may have a place as a known device', async () => {
    const lookups = async (more: object) => {
      const attempt = roster.api.post('/auth/login').send({ identifier: ADMIN.email, password: 'wrong', ...more });
      const sent = await queriesOf(roster.app, async () => attempt.expect(503));
      return sent.filter(({ sql }) => /\bFROM "?users\b/.test(sql));
    };
    expect(await lookups({})).toEqual([]);
    expect(await lookups({ deviceToken: 'perhaps' })).not.toEqual([]);
  });

  it('gives a place to another account all the same where one has more than its share', async () => {
    const greedy = Array.from({ length: 3 }, () => pool.hash('x', COST, { account: 'greedy@example.com' }));
    const outcomes = Promise.allSettled(greedy);
    // None of them had a place either, so they wait as if they had come before it got full.
    pool['averageMs'] = 1;
    const waiting = Array.from({ length: 3 }, () => pool.hash('x', COST, { account: 'greedy@example.com' }));
    const last = Promise.allSettled(waiting);
    pool['averageMs'] = 5000 * pool['workers'];
    expect(() => pool.check(COST, { account: 'greedy@example.com' })).toThrow('Try again in a moment');
    expect(() => pool.check(COST, { account: 'modest@example.com' })).not.toThrow();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await last).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('refuses a registration, too, and leaves nothing of it', async () => {
    const email = 'later@example.com';
    const answer = await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(503);
    expect(answer.body).toMatchObject({ code: 'busy' });
    expect(await roster.database.query('SELECT 1 FROM users WHERE email_key = $1', [email])).toEqual([]);
  });

  it('answers everything else', async () => {
    await roster.api.get('/health/live').expect(200);
    await roster.api.get('/users/me').set('authorization', `Bearer ${token}`).expect(200);
  });

  it('takes no refusal for a fault of its own', () => {
    expect(pool.stats().refused).toBeGreaterThan(0);
    expect(roster.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('what a worker is told', () => {
  it('is the HMAC of a password and never the password', async () => {
    const told = jest.spyOn(HashChild.prototype, 'compute');
    const email = 'planted@example.com';
    await roster.join(email);
    await login(email, `${PASSWORD} and more`).expect(401);
    expect(told.mock.calls.length).toBeGreaterThanOrEqual(3);
    for (const [request] of told.mock.calls) {
      expect(Object.keys(request).filter((name) => !['prehash', 'cost', 'stored', 'salt'].includes(name))).toEqual([]);
      expect('prehash' in request && request.prehash).toMatch(/^[A-Za-z0-9+/]{64}$/);
      expect(JSON.stringify(request)).not.toContain(PASSWORD);
    }
  });
});

describe('a stored hash of another cost', () => {
  const storedHash = async (id: string) =>
    (await roster.database.query<{ hash: string }>('SELECT hash FROM password_credentials WHERE user_id = $1', [id]))[0]
      ?.hash ?? '';

  it('costs as much to compare with, and is replaced once the right password is known (ASVS 5.0 V6.3.8)', async () => {
    const { id } = await roster.join('upgraded@example.com');
    const older = await new PasswordHasher(roster.app.get(Keyring, { strict: false }), 4, pool).hash(PASSWORD);
    await roster.database.query('UPDATE password_credentials SET hash = $2 WHERE user_id = $1', [id, older]);
    const told = jest.spyOn(HashChild.prototype, 'compute');

    await login('upgraded@example.com', 'wrong').expect(401);
    expect(await storedHash(id)).toBe(older);
    // Compared with the password, and as with that of a registration, which it was days ago at most.
    expect(told.mock.calls.map(([{ cost }]) => cost)).toEqual([COST, COST]);

    await login('upgraded@example.com', PASSWORD).expect(200);
    const upgraded = await storedHash(id);
    expect(upgraded).toMatch(/^bcrypt-hmac-sha384:[^:]+:\$2b\$05\$/);
    await login('upgraded@example.com', PASSWORD).expect(200);
    expect(await storedHash(id)).toBe(upgraded);
  });
});
