import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderHttp } from '../../src/auth/providers/clients/provider-http.js';
import { Providers } from '../../src/auth/providers/providers.js';
import type { Settings } from '../../src/config/settings.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { ProviderRound } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';

let corp: IdentityProvider;
let roster: Roster;
let round: ProviderRound;
beforeAll(async () => {
  corp = await IdentityProvider.start(['http://localhost:3000/auth/providers/corp/callback']);
  roster = await startRoster({ PROVIDERS: 'corp', ...corp.settings('corp'), TRUSTED_EMAIL_PROVIDERS: 'corp' });
  // Nobody waits five seconds here.
  Object.assign(roster.app.get(ProviderHttp, { strict: false }), { answerWithinMs: 1500 });
  round = new ProviderRound(roster, 'corp', corp);
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
});
beforeEach(() => {
  corp.hostility = {};
});

const person = { sub: 'ada', email: 'ada@example.com', email_verified: true };
const now = () => Math.floor(Date.now() / 1000);
const DONE = '/sign-in/complete';

/** The answer, and nobody signed in. */
async function problemWith(hostility: IdentityProvider['hostility']) {
  corp.hostility = hostility;
  const browser = new PageBrowser(roster);
  const { location } = await round.signIn(person, browser);
  expect(browser.cookies.has('roster-session')).toBe(false);
  return new URL(location ?? '', 'http://localhost').searchParams.get('problem');
}

describe('an id_token', () => {
  it('is taken from the provider as it is', async () => {
    expect(await round.problemOf(person)).toBe(DONE);
  });

  it.each([
    ['without a signature', { signature: 'none' }],
    ['that is signed by the secret of the client', { signature: 'HS256' }],
    ['that is signed by a key of somebody else', { signature: 'unknown-key' }],
  ] as const)('%s is refused', async (_what, hostility) => {
    expect(await problemWith({ ...hostility })).toBe('failed');
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['for another client', (claims) => ({ ...claims, aud: 'somebody-else' })],
    [
      'for several clients, and not issued to this one',
      (claims) => ({ ...claims, aud: ['roster', 'other'], azp: 'other' }),
    ],
    ['issued to another client', (claims) => ({ ...claims, azp: 'somebody-else' })],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://accounts.example.com' })],
    ['that has expired', (claims) => ({ ...claims, exp: now() - 120 })],
    ['from the future', (claims) => ({ ...claims, iat: now() + 600 })],
    ['of another sign-in', (claims) => ({ ...claims, nonce: 'of-another-one' })],
    ['without a nonce', ({ nonce: _, ...claims }) => claims],
    ['without a subject', ({ sub: _, ...claims }) => claims],
  ])('%s is refused', async (_what, claims) => {
    expect(await problemWith({ claims })).toBe('failed');
  });
});

describe('an address', () => {
  it.each<[string, object]>([
    ['without email_verified', {}],
    ['with email_verified as text', { email_verified: 'true' }],
    ['with email_verified as a number', { email_verified: 1 }],
    ['that is not verified', { email_verified: false }],
  ])('%s is no proof, and goes to a mail', async (what, claim) => {
    const email = `${what.replaceAll(' ', '-')}@example.com`;
    expect((await round.signIn({ sub: what, email, ...claim })).location).toBe('/sign-up/sent');
    const [user] = await roster.database.query<{ email_verified: boolean }>(
      'SELECT email_verified FROM users WHERE email = $1',
      [email],
    );
    expect(user).toEqual({ email_verified: false });
  });

  it.each([undefined, 'no address', 'a@b@c', 'ada@example.com\r\nBcc: eve@example.com', ['ada@example.com']])(
    'that is none (%j) makes no account',
    async (email) => {
      expect(await round.problemOf({ sub: 'nobody', email, email_verified: true })).toBe('no-address');
    },
  );
});

describe('a provider', () => {
  // Metadata and keys are remembered for a minute.
  const forget = () => {
    for (const { client } of roster.app.get(Providers, { strict: false }).all()) {
      (client as unknown as { known: Map<string, unknown> }).known.clear();
    }
  };

  it.each(['hang', 'fail', 'flood'] as const)(
    'that does %s at the token endpoint, the keys or discovery is unavailable',
    async (does) => {
      expect(await problemWith({ endpoint: { path: /^\/token$/, does } })).toBe('unavailable');
      corp.hostility = {};
      const browser = new PageBrowser(roster);
      corp.person = person;
      const back = await round.leave(browser);
      forget();
      corp.hostility = { endpoint: { path: /^\/jwks$/, does } };
      expect((await browser.open(back)).location).toBe('/sign-in?provider=corp&problem=unavailable');
      forget();
      corp.hostility = { endpoint: { path: /well-known/, does } };
      const start = await new PageBrowser(roster).open('/auth/providers/corp/start');
      expect(start.location).toBe('/sign-in?provider=corp&problem=unavailable');
      corp.hostility = {};
      expect(await round.problemOf(person)).toBe(DONE);
    },
  );

  it('rotates its keys, and nobody notices; otherwise they are asked for once a minute', async () => {
    forget();
    corp.requests.length = 0;
    for (let times = 0; times < 3; times++) expect(await round.problemOf(person)).toBe(DONE);
    expect(corp.requests.filter((one) => one === 'GET /jwks')).toHaveLength(1);
    corp.rotate();
    expect(await round.problemOf(person)).toBe(DONE);
  });

  it.each([
    ['http://169.254.169.254/latest/meta-data/'],
    ['http://[::ffff:169.254.169.254]/token'],
    ['http://0.0.0.0/token'],
    ['file:///etc/passwd'],
    ['http://user:password@127.0.0.1/token'],
  ])('that names %s as its token endpoint is not asked', async (endpoint) => {
    forget();
    expect(['unavailable', 'failed']).toContain(
      await problemWith({ metadata: (metadata) => ({ ...metadata, token_endpoint: endpoint }) }),
    );
    forget();
  });

  it('whose document names another issuer is not believed', async () => {
    forget();
    corp.hostility = { metadata: (metadata) => ({ ...metadata, issuer: 'https://accounts.example.com' }) };
    const start = await new PageBrowser(roster).open('/auth/providers/corp/start');
    expect(start.location).toBe('/sign-in?provider=corp&problem=failed');
    forget();
  });
});

describe('the guard of inner addresses', () => {
  const guarded = (more: object) => new ProviderHttp({ NODE_ENV: 'test', ...more } as Settings);
  const path = '/.well-known/openid-configuration';

  it('lets nothing reach a provider inside, by address or by name, unless that is allowed', async () => {
    const port = new URL(corp.issuer).port;
    corp.requests.length = 0;
    for (const settings of [{ PROVIDERS_ALLOW_PRIVATE: false }, { NODE_ENV: 'production' }]) {
      for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
        await expect(guarded(settings).fetch(`http://${host}:${port}${path}`)).rejects.toMatchObject({
          problem: 'unavailable',
        });
      }
    }
    // Plain HTTP in production is refused even where private addresses are allowed.
    const allowed = { NODE_ENV: 'production', PROVIDERS_ALLOW_PRIVATE: true };
    await expect(guarded(allowed).fetch(`${corp.issuer}${path}`)).rejects.toThrow('https://');
    expect(corp.requests).toEqual([]);
    expect((await guarded({ PROVIDERS_ALLOW_PRIVATE: true }).fetch(`${corp.issuer}${path}`)).status).toBe(200);
  });
});
