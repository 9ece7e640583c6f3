import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { RATE_RULES } from '../../src/access/limit.decorator.js';
import { TooManyRequests } from '../../src/auth/rate-limits/rate-limits.js';
import { newKey } from '../../src/service-accounts/key-format.js';
import { RateLimitStore } from '../../src/auth/rate-limits/rate-limit-store.js';
import { eventually } from '../support/eventually.js';
import { useUp } from '../support/rate-limits.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { visible } from '../support/visible.js';

// The proxy is this test.
const ENVIRONMENT = { RATE_LIMIT_ENABLED: 'true', TRUST_PROXY: '127.0.0.1', LOCKOUT_THRESHOLD: '1000' };

let roster: Roster;
let replica: Roster;
beforeAll(async () => {
  roster = await startRoster(ENVIRONMENT);
  // Either may take the job of a mail.
  replica = await startRoster({ ...ENVIRONMENT, SMTP_URL: roster.inbox.url }, [], roster.database);
});
afterAll(async () => {
  await replica.app.close();
  await replica.inbox.down();
  await roster.stop();
});

const login = (server: Roster, identifier: string, ip: string, password = 'seven idle boats on slate water') =>
  server.api.post('/auth/login').set('x-forwarded-for', ip).send({ identifier, password });
const register = (server: Roster, ip: string) =>
  server.api.post('/auth/register').set('x-forwarded-for', ip).send({ email: 'not an address' });
const forgetAll = () => roster.database.query('DELETE FROM rate_limits');
const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status);
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a rate limit', () => {
  it('of a client holds over replicas and for all of an IPv6 /64, and says when to try again', async () => {
    const limit = RATE_RULES.registration.times;
    const ip = (index: number) => `2001:db8:7:7::${index.toString(16)}`;
    const answers = await Promise.all(times(limit).map((index) => register(index % 2 ? roster : replica, ip(index))));
    expect(statuses(answers)).toEqual(Array<number>(limit).fill(400));
    for (const server of [roster, replica]) {
      const refused = await register(server, ip(500)).expect(429);
      expect(refused.body).toMatchObject({ code: 'too-many-requests', status: 429 });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(500);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(600);
    }
    await register(roster, '2001:db8:7:8::1').expect(400);
  });

  it.each(['verify-email', 'accept-invitation', 'reset-password', 'confirm-email-change', 'unlock', 'restore-account'])(
    'of the links that a client opens holds at POST /auth/%s',
    async (route) => {
      const ip = `198.51.100.${100 + route.length}`;
      const open = () => roster.api.post(`/auth/${route}`).set('x-forwarded-for', ip).send({});
      await open().expect(400);
      await useUp(roster, 'link-use', ip);
      expect((await open().expect(429)).body).toMatchObject({ code: 'too-many-requests' });
      await forgetAll();
    },
  );

  it('of requests of applications counts for their address alone, whatever application they name', async () => {
    await forgetAll();
    const form = { client_id: uuid(), grant_type: 'authorization_code', code: 'x' };
    const ask = (path: string, ip: string) =>
      roster.api.post(`/oauth2/${path}`).type('form').set('x-forwarded-for', ip).send(form);
    for (const ip of ['198.51.100.31', '198.51.100.32']) {
      for (const path of ['token', 'userinfo']) expect((await ask(path, ip)).status).not.toBe(429);
    }
    const counted = await roster.database.query<{ points: number }>('SELECT points FROM rate_limits');
    expect(counted.map(({ points }) => points)).toEqual([1, 1, 1, 1]);
    await useUp(roster, 'userinfo-by-client', '198.51.100.31');
    expect((await ask('userinfo', '198.51.100.31').expect(429)).body).toMatchObject({
      error: 'temporarily_unavailable',
    });
    expect((await ask('userinfo', '198.51.100.32')).status).not.toBe(429);
    await useUp(roster, 'authorize-by-client', '198.51.100.31');
    await roster.api.get('/oauth2/authorize').set('x-forwarded-for', '198.51.100.31').expect(429);
    expect((await roster.api.get('/oauth2/authorize').set('x-forwarded-for', '198.51.100.32')).status).not.toBe(429);
    await forgetAll();
  });

  it('of a name is the same for one that nobody has, and is not shared with other names of the user', async () => {
    await roster.join('named@example.com', { username: 'other-name' });
    await forgetAll();
    const limit = RATE_RULES['sign-in-by-account'].times;
    const tryAll = (name: string, from: string) =>
      Promise.all(times(limit).map((index) => login(index % 2 ? roster : replica, name, `198.51.${from}.${index}`)));
    expect(new Set(statuses(await tryAll('named@example.com', '1')))).toEqual(new Set([401]));
    expect(new Set(statuses(await tryAll('nobody@example.com', '2')))).toEqual(new Set([401]));
    const known = await login(roster, 'Named@example.com', '198.51.100.1').expect(429);
    const unknown = await login(roster, 'nobody@example.com', '198.51.100.1').expect(429);
    const withoutSeconds = (answer: typeof known) =>
      JSON.stringify(visible(answer)).replace(/\d+ seconds?|"retry-after":"\d+"/g, '');
    expect(withoutSeconds(known)).toBe(withoutSeconds(unknown));
    // That the two are one account is nobody's to learn.
    await login(roster, 'other-name', '198.51.100.1', PASSWORD).expect(200);
  });

  it('of a name does not hold up a device on which the user has signed in', async () => {
    await roster.join('device@example.com');
    await forgetAll();
    const signedIn = await login(roster, 'device@example.com', '198.51.100.2', PASSWORD).expect(200);
    const deviceToken = String(signedIn.body.deviceToken);
    const limit = RATE_RULES['sign-in-by-account'].times;
    await Promise.all(times(limit).map((index) => login(roster, 'device@example.com', `198.51.3.${index}`)));
    const attempt = (more: object) =>
      roster.api.post('/auth/login').send({ identifier: 'device@example.com', password: PASSWORD, ...more });
    await attempt({}).expect(429);
    await attempt({ deviceToken }).expect(200);
  });

  it('stands before the hash', async () => {
    await forgetAll();
    await useUp(roster, 'sign-in-by-client', '198.51.100.9');
    const recordedOf = async (address: string) =>
      (
        await roster.database.query<{ type: string }>('SELECT type FROM auth_events WHERE ip = $1 ORDER BY type', [
          address,
        ])
      ).map(({ type }) => type);
    await login(roster, 'fresh@example.com', '198.51.100.9').expect(429);
    // Failures are recorded a moment later: once a later one is, so would this one be.
    await login(roster, 'fresh@example.com', '198.51.100.10').expect(401);
    await eventually(async () => (await recordedOf('198.51.100.10')).includes('login.failed'));
    expect(await recordedOf('198.51.100.9')).not.toContain('login.failed');
  });

  it('lets 20 people behind one address sign in at once', async () => {
    await roster.join('office@example.com');
    await forgetAll();
    const answers = await Promise.all(
      times(20).map(() => login(roster, 'office@example.com', '198.51.100.3', PASSWORD)),
    );
    expect(statuses(answers)).toEqual(Array<number>(20).fill(200));
  });

  it('keeps a user from mailing strangers without end', async () => {
    const { id, token } = await roster.join('mailer@example.com');
    const add = () => roster.api.post(`/users/${id}/contacts`).set('authorization', `Bearer ${token}`).send({});
    for (const _ of times(RATE_RULES['contact-mail'].times)) await add().expect(400);
    await add().expect(429);
  });

  it('goes on in each replica when its store fails, with a line in the log', async () => {
    await roster.database.query('ALTER TABLE rate_limits RENAME TO gone');
    try {
      const limit = RATE_RULES.registration.times;
      const ip = '198.51.100.77';
      const answers = await Promise.all(times(limit).map(() => register(roster, ip)));
      expect(new Set(statuses(answers))).toEqual(new Set([400]));
      await register(roster, ip).expect(429);
      expect(roster.logLines().map(({ msg }) => msg)).toContain('rate limit store unavailable; counting locally');
    } finally {
      await roster.database.query('ALTER TABLE gone RENAME TO rate_limits');
    }
  });

  it('keeps neither addresses nor names, and nothing once it is over', async () => {
    await forgetAll();
    await login(roster, 'kept@example.com', '198.51.100.4').expect(401);
    const rows = await roster.database.query<{ key: string }>('SELECT key FROM rate_limits');
    expect(rows).toHaveLength(2);
    for (const { key } of rows) expect(key).toMatch(/^sign-in-by-(client|account):[A-Za-z0-9_-]{43}$/);
    await roster.database.query('UPDATE rate_limits SET expire = expire - 61000');
    await roster.app.get(RateLimitStore, { strict: false }).forgetExpired();
    expect(await roster.database.query('SELECT key FROM rate_limits')).toEqual([]);
    expect(new TooManyRequests(1).message).toBe('Too many requests. Try again in 1 second.');
  });
});

describe('X-Forwarded-For', () => {
  const sessionIps = async (email: string) =>
    (
      await roster.database.query<{ ip: string }>(
        `SELECT host(ip) AS ip FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = $1) ORDER BY created_at`,
        [email],
      )
    ).map(({ ip }) => ip);

  it('of wrong keys holds for their client, and holds up no genuine one', async () => {
    const authorization = `Bearer ${await roster.signIn()}`;
    const made = await roster.api
      .post('/service-accounts')
      .set({ authorization })
      .send({ name: 'Billing', role: 'AUTHENTICATED' })
      .expect(201);
    const { id } = made.body as { id: string };
    const key = await roster.api.post(`/service-accounts/${id}/keys`).set({ authorization }).send({ name: 'CI' });
    const me = (bearer: string) =>
      roster.api.get('/users/me').set({ authorization: `Bearer ${bearer}`, 'x-forwarded-for': '192.0.2.99' });
    const limit = RATE_RULES['wrong-key'].times;
    const answers = await Promise.all(times(limit).map(() => me(newKey(uuid()))));
    expect(statuses(answers)).toEqual(Array<number>(limit).fill(401));
    await me(newKey(uuid())).expect(429);
    await me((key.body as { key: string }).key).expect(200);
  });

  it('counts as far as TRUST_PROXY reaches: what a client wrote before it is nothing', async () => {
    await roster.join('proxied@example.com');
    await login(roster, 'proxied@example.com', '1.2.3.4, 198.51.100.5', PASSWORD).expect(200);
    await login(roster, 'proxied@example.com', 'nonsense', PASSWORD).expect(200);
    expect((await sessionIps('proxied@example.com')).slice(1)).toEqual(['198.51.100.5', '127.0.0.1']);
  });

  it('is nothing at all without TRUST_PROXY', async () => {
    const direct = await startRoster({ RATE_LIMIT_ENABLED: 'true', SMTP_URL: roster.inbox.url }, [], roster.database);
    await forgetAll();
    try {
      await login(direct, 'proxied@example.com', '198.51.100.6', PASSWORD).expect(200);
      expect((await sessionIps('proxied@example.com')).at(-1)).toBe('127.0.0.1');
      await forgetAll();
      for (const index of times(RATE_RULES.registration.times)) await register(direct, `198.51.4.${index}`).expect(400);
      await register(direct, '198.51.100.8').expect(429);
    } finally {
      await direct.app.close();
      await direct.inbox.down();
    }
  });
});
