import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { BeforeRegistration, type RegistrationRequest } from '../../src/auth/registration/before-registration.js';
import { Metrics } from '../../src/ops/metrics.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { ProviderRound, sessionOf } from '../support/provider-round.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp } from '../support/totp.js';
import { textOf, Visitor } from '../support/visitor.js';

const BASE = 'http://localhost:3000';
const callbackOf = (id: string) => `${BASE}/auth/providers/${id}/callback`;

@Injectable()
class NobodyFromThere {
  @BeforeRegistration()
  check({ email }: RegistrationRequest): void {
    if (email.endsWith('@unwelcome.example.com')) throw new Error('Nobody from there.');
  }
}

@Module({ providers: [NobodyFromThere] })
class Hosting {}

let corp: IdentityProvider;
let other: IdentityProvider;
let roster: Roster;
let round: ProviderRound;
beforeAll(async () => {
  corp = await IdentityProvider.start([callbackOf('corp')]);
  other = await IdentityProvider.start([callbackOf('other')]);
  roster = await startRoster(
    {
      PROVIDERS: 'corp,other',
      ...corp.settings('corp'),
      CORP_NAME: 'Corp & Co',
      ...other.settings('other'),
      TRUSTED_EMAIL_PROVIDERS: 'corp',
      SIGN_IN_REDIRECTS: 'https://app.example.com',
    },
    [Hosting],
  );
  round = new ProviderRound(roster, 'corp', corp);
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
  await other.stop();
});
beforeEach(() => {
  corp.hostility = {};
});

const proved = (sub: string, more: object = {}) => ({
  sub,
  email: `${sub}@example.com`,
  email_verified: true,
  ...more,
});
const as = (token: string) => ({ authorization: `Bearer ${token}` });

describe('somebody new from a provider that proves addresses', () => {
  it('has an account and a session after one round, and the same account after the next', async () => {
    const browser = new PageBrowser(roster);
    const answer = await round.signIn(proved('grace', { given_name: 'Grace', family_name: 'Hopper' }), browser);
    expect([answer.status, answer.location]).toEqual([303, '/sign-in/complete']);
    const first = await sessionOf(roster, browser);
    expect(first).toMatchObject({
      acr: 'aal1',
      amr: ['fed'],
      user: {
        email: 'grace@example.com',
        emailVerified: true,
        status: 'ACTIVE',
        firstName: 'Grace',
        lastName: 'Hopper',
      },
    });
    const again = new PageBrowser(roster);
    // Who comes back with another address is the same person.
    await round.signIn(proved('grace', { email: 'grace@elsewhere.example.com' }), again);
    const second = await sessionOf(roster, again);
    expect(second.user).toMatchObject({ id: first.user.id, email: 'grace@example.com' });
    const admin = await roster.signIn();
    const { body } = await roster.api.get(`/users/${first.user.id}/sign-ins`).set(as(admin)).expect(200);
    expect(JSON.stringify(body)).toContain('"method":"corp"');
  });

  it('is told to staff by the name of the provider, where there is no password', async () => {
    const admin = await roster.signIn();
    for (const [language, text] of [
      ['en', 'The account has no password; it signs in with'],
      ['de', 'Das Konto hat kein Passwort; es meldet sich mit'],
    ] as const) {
      const headers = { ...as(admin), 'accept-language': language };
      const { body } = await roster.api.get('/help').query({ about: 'grace@example.com' }).set(headers).expect(200);
      const { facts } = body as { facts: { code: string; text: string; values: object }[] };
      const fact = facts.find(({ code }) => code === 'no-password');
      expect(fact?.text).toMatch(new RegExp(`^${text}.*Corp & Co`));
      expect(fact?.values).toMatchObject({ methods: expect.arrayContaining(['corp']), names: { corp: 'Corp & Co' } });
    }
  });

  it('goes on to where the browser was going, and nowhere else', async () => {
    const at = async (query: string) => (await round.signIn(proved('grace'), new PageBrowser(roster), query)).location;
    expect(await at('?continue=/account/profile')).toBe('/sign-in/complete?continue=%2Faccount%2Fprofile');
    expect(await at('?continue=https://evil.example')).toBe('/sign-in/complete');
  });

  it('is refused by a handler of the application, before there is an account', async () => {
    expect(await round.problemOf(proved('mallory', { email: 'm@unwelcome.example.com' }))).toBe('not-welcome');
    const rows = await roster.database.query('SELECT FROM users WHERE email_key = $1', ['m@unwelcome.example.com']);
    expect(rows).toHaveLength(0);
  });
});

describe('a return', () => {
  const start = () => round.leave(new PageBrowser(roster));

  it('signs nobody in but the browser that left: not with the link of a stranger (login CSRF)', async () => {
    corp.person = proved('attacker');
    const back = await start();
    const victim = new PageBrowser(roster);
    expect((await victim.open(back)).location).toBe('/sign-in?provider=corp&problem=expired');
    // Nor one that has left for the provider itself.
    await victim.open('/auth/providers/corp/start');
    expect((await victim.open(back)).location).toBe('/sign-in?provider=corp&problem=expired');
    expect(victim.cookies.has('roster-session')).toBe(false);
  });

  it('works once, also if it is sent twice at once', async () => {
    const browser = new PageBrowser(roster);
    corp.person = proved('twice');
    const back = await round.leave(browser);
    const answers = await Promise.all([browser.open(back), browser.open(back), browser.open(back)]);
    const ends = answers.map(({ location }) => location).sort();
    expect(ends).toEqual(['/sign-in/complete', ...Array(2).fill('/sign-in?provider=corp&problem=expired')].sort());
  });

  it('works for ten minutes', async () => {
    const browser = new PageBrowser(roster);
    const back = await round.leave(browser);
    await roster.database.query(`UPDATE provider_flows SET expires_at = now() - interval '1 second'`);
    expect((await browser.open(back)).location).toBe('/sign-in?provider=corp&problem=expired');
  });

  it('works at the provider alone for which the browser left (mix-up)', async () => {
    const browser = new PageBrowser(roster);
    const back = await round.leave(browser);
    const elsewhere = back.replace('/corp/', '/other/');
    expect((await browser.open(elsewhere)).location).toBe('/sign-in?provider=other&problem=expired');
  });

  it('names the provider that it comes from, where that says so (RFC 9207)', async () => {
    corp.hostility.redirect = (url) => url.searchParams.set('iss', 'https://another.example.com');
    expect(await round.problemOf(proved('grace'))).toBe('failed');
    corp.hostility.redirect = (url) => url.searchParams.delete('iss');
    expect(await round.problemOf(proved('grace'))).toBe('failed');
  });

  it('leads a browser that comes from another site here once more, where it sends all its cookies', async () => {
    const browser = new PageBrowser(roster);
    corp.person = proved('grace');
    const back = await round.leave(browser);
    const page = await browser.open(back, { 'sec-fetch-site': 'cross-site' });
    expect(page.status).toBe(200);
    const next = (page.headers['refresh'] ?? '').replace('0; url=', '');
    expect((await browser.open(next, { 'sec-fetch-site': 'same-origin' })).location).toBe('/sign-in/complete');
  });

  it('takes a form as well, which comes without cookies', async () => {
    const browser = new PageBrowser(roster);
    corp.person = proved('grace');
    const back = new URL(await round.leave(browser), BASE);
    const fields = Object.fromEntries(back.searchParams);
    const page = await new PageBrowser(roster).post(back.pathname, fields, {
      'sec-fetch-site': 'cross-site',
      origin: 'null',
    });
    const next = (page.headers['refresh'] ?? '').replace('0; url=', '');
    expect((await browser.open(next, { 'sec-fetch-site': 'same-origin' })).location).toBe('/sign-in/complete');
  });

  it('leads to the page to sign in after a no, which says what happened and offers the other ways', async () => {
    const browser = new PageBrowser(roster);
    await browser.open('/auth/providers/corp/start?continue=/account/profile');
    const back = new URL(await round.leave(browser, '?continue=/account/profile'), BASE);
    const state = back.searchParams.get('state') ?? '';
    const iss = back.searchParams.get('iss') ?? '';
    const denied = `${back.pathname}?${new URLSearchParams({ error: 'access_denied', state, iss }).toString()}`;
    const page = await browser.follow(await browser.open(denied));
    expect(textOf(page)).toContain('You did not sign in with Corp &amp; Co.');
    expect(textOf(page)).toContain('Continue with other');
    expect(page.text).toContain('href="/auth/providers/corp/start?continue&#x3D;%2Faccount%2Fprofile"');
  });
});

describe('the one gate', () => {
  it('asks for the second factor, on its page', async () => {
    const { token } = await roster.join('factor@example.com');
    await addTotp(roster, token);
    const next = new PageBrowser(roster);
    const answer = await round.signIn(proved('factor'), next, '?keepSignedIn=yes');
    expect(answer.location).toBe('/sign-in/second-factor?keepSignedIn=yes');
    expect(next.cookies.has('roster-session')).toBe(false);
    expect((await next.open('/sign-in/second-factor')).text).toContain('one-time-code');
  });

  it('lets nobody in who is suspended, deleted or locked', async () => {
    const admin = await roster.signIn();
    for (const [name, act] of [
      ['suspended', (id: string) => roster.api.post(`/users/${id}/suspend`).send({})],
      ['deleted', (id: string) => roster.api.delete(`/users/${id}`)],
    ] as const) {
      const browser = new PageBrowser(roster);
      await round.signIn(proved(name), browser);
      const { user } = await sessionOf(roster, browser);
      expect((await act(user.id).set(as(admin))).status).toBeLessThan(300);
      expect(await round.problemOf(proved(name))).toBe('refused');
      const { body } = await roster.api.get('/audit?type=login.failed&limit=1').set(as(admin)).expect(200);
      expect(JSON.stringify(body)).toContain(name);
    }
    const { id } = await roster.join('locked@example.com');
    await round.signIn(proved('locked'));
    for (let tries = 0; tries < 5; tries++) {
      await roster.api
        .post('/auth/login')
        .send({ identifier: 'locked@example.com', password: 'wrong one' })
        .expect(401);
    }
    expect(await round.problemOf(proved('locked'))).toBe('refused');
    await roster.api.post(`/users/${id}/unlock`).set(as(admin)).expect(200);
    expect(await round.problemOf(proved('locked'))).toBe('/sign-in/complete');
  });

  it('counts outcomes by provider', async () => {
    const text = await roster.app.get(Metrics, { strict: false }).text();
    expect(text).toMatch(/roster_provider_sign_ins_total\{provider="corp",outcome="signed-in"\} [1-9]/);
  });
});

describe('an application with a session of its own', () => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = `?continue=https://app.example.com/back&codeChallenge=${challenge}`;
  const exchange = (code: string, codeVerifier = verifier) =>
    roster.api.post('/auth/providers/corp/exchange').send({ code, codeVerifier });
  const codeFrom = async () => {
    const browser = new PageBrowser(roster);
    const { location = '' } = await round.signIn(proved('native'), browser, query);
    expect(browser.cookies.has('roster-session')).toBe(false);
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe('https://app.example.com/back');
    return url.searchParams.get('code') ?? '';
  };

  it('exchanges the code for tokens, once, with its verifier alone', async () => {
    const code = await codeFrom();
    const { body } = await exchange(code).expect(200);
    expect(body).toMatchObject({ user: { email: 'native@example.com' } });
    await exchange(code).expect(401);
    const stolen = await codeFrom();
    await exchange(stolen, randomBytes(32).toString('base64url')).expect(401);
    // There is no second try.
    await exchange(stolen).expect(401);
  });

  it('is told of problems at its own page', async () => {
    corp.hostility.endpoint = { path: /^\/token$/, does: 'fail' };
    const { location } = await round.signIn(proved('native'), new PageBrowser(roster), query);
    expect(location).toBe('https://app.example.com/back?error=unavailable');
  });

  it('has to have a page that is allowed', async () => {
    await roster.api
      .get(`/auth/providers/corp/start?codeChallenge=${challenge}&continue=https://evil.example`)
      .expect(400);
  });
});

describe('the pages', () => {
  it('offer each provider on the pages to sign in and to sign up', async () => {
    for (const path of ['/sign-in', '/sign-up']) {
      const page = await new PageBrowser(roster).open(path);
      expect(textOf(page)).toContain('Continue with Corp &amp; Co');
      const german = await new PageBrowser(roster).open(path, { 'accept-language': 'de' });
      expect(textOf(german)).toContain('Weiter mit Corp &amp; Co');
    }
  });

  it('link and unlink in the account', async () => {
    await roster.join('pages@example.com');
    const visitor = await Visitor.signedIn(roster, 'pages@example.com', PASSWORD);
    const left = await visitor.post('/account/identities/corp/link');
    expect(left.status).toBe(200);
    corp.person = { sub: 'pages', email: 'pages@corp.example' };
    const back = await corp.authorize((left.headers['refresh'] ?? '').replace('0; url=', ''));
    const page = await visitor.follow(await visitor.open(back.pathname + back.search));
    expect(textOf(page)).toContain('The account is linked.');
    expect(textOf(page)).toContain('pages@corp.example');
    const id = /\/account\/identities\/([0-9a-f-]{36})\/remove/.exec(page.text)?.[1];
    const after = await visitor.send(`/account/identities/${id}/remove`);
    expect(textOf(after)).toContain('The account is unlinked.');
    expect(textOf(after)).not.toContain('pages@corp.example');
  });
});
