import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderHttp } from '../../src/auth/providers/clients/provider-http.js';
import { APPLE, DocumentedProviders, MICROSOFT, TENANT } from '../support/documented-providers.js';
import { PageBrowser } from '../support/page-browser.js';
import { sessionOf } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';

const documented = new DocumentedProviders();
let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({
    PROVIDERS: 'apple,microsoft',
    APPLE_CLIENT_ID: APPLE.clientId,
    APPLE_TEAM_ID: APPLE.teamId,
    APPLE_KEY_ID: APPLE.keyId,
    APPLE_PRIVATE_KEY: documented.applePem,
    MICROSOFT_CLIENT_ID: MICROSOFT.clientId,
    MICROSOFT_CLIENT_SECRET: MICROSOFT.secret,
    // Trust does not help Microsoft.
    TRUSTED_EMAIL_PROVIDERS: 'apple,microsoft',
  });
  Object.assign(roster.app.get(ProviderHttp, { strict: false }), { fetch: documented.fetch });
});
afterAll(() => roster.stop());

/** Leaves for a provider. @returns what the provider was asked */
async function leave(id: string, browser: PageBrowser): Promise<URL> {
  const { location = '' } = await browser.open(`/auth/providers/${id}/start`);
  const asked = new URL(location);
  documented.asked = asked.searchParams;
  return asked;
}

describe('Apple', () => {
  const RELAY = 'ab12cd34ef@privaterelay.appleid.com';
  const NAMES = { name: { firstName: 'Ada', lastName: 'Lovelace' }, email: RELAY };

  /** Apple's page posts a form to us, without the cookies that are for our own pages. */
  async function signIn(form: Record<string, string> = {}, browser = new PageBrowser(roster)) {
    const asked = await leave('apple', browser);
    const fields = { state: asked.searchParams.get('state') ?? '', ...(!form['error'] && { code: 'c' }), ...form };
    const page = await new PageBrowser(roster).post('/auth/providers/apple/callback', fields, {
      'sec-fetch-site': 'cross-site',
      origin: 'https://appleid.apple.com',
    });
    expect(page.status).toBe(200);
    const next = (page.headers['refresh'] ?? '').replace('0; url=', '');
    const { location } = await browser.open(next, { 'sec-fetch-site': 'same-origin' });
    return { asked, browser, location };
  }

  beforeEach(() => {
    documented.claims = {
      iss: 'https://appleid.apple.com',
      sub: '001234.abcdef0123456789.0101',
      email: RELAY,
      email_verified: true,
      is_private_email: true,
      nonce_supported: true,
    };
  });

  it('is asked for a name and an address with a form as the answer, and gets a secret that we sign', async () => {
    const { asked, location } = await signIn({ user: JSON.stringify(NAMES) });
    expect(asked.origin + asked.pathname).toBe('https://appleid.apple.com/auth/authorize');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      response_mode: 'form_post',
      scope: 'openid name email',
      client_id: APPLE.clientId,
    });
    expect(documented.complaints).toEqual([]);
    expect(location).toBe('/sign-in/complete');
  });

  it('tells the name the first time alone, which the next does not take away', async () => {
    documented.claims = { ...documented.claims, sub: 'second', email: 'second@privaterelay.appleid.com' };
    const first = await sessionOf(roster, (await signIn({ user: JSON.stringify(NAMES) })).browser);
    expect(first.user).toMatchObject({
      email: 'second@privaterelay.appleid.com',
      emailVerified: true,
      firstName: 'Ada',
      lastName: 'Lovelace',
    });
    const again = await sessionOf(roster, (await signIn()).browser);
    expect(again.user).toMatchObject({ id: first.user.id, firstName: 'Ada', lastName: 'Lovelace' });
  });

  it('believes the id_token for the address, and never the form, which nobody signed', async () => {
    documented.claims = { ...documented.claims, sub: 'third', email: 'third@privaterelay.appleid.com' };
    const user = JSON.stringify({ ...NAMES, email: 'victim@example.com' });
    expect((await sessionOf(roster, (await signIn({ user })).browser)).user).toMatchObject({
      email: 'third@privaterelay.appleid.com',
    });
  });

  it('proves no address with a claim that is text', async () => {
    documented.claims = { ...documented.claims, sub: 'fourth', email: 'fourth@example.com', email_verified: 'true' };
    expect((await signIn()).location).toBe('/sign-up/sent');
  });

  it('says that somebody cancelled in words of its own', async () => {
    const { location } = await signIn({ error: 'user_cancelled_authorize' });
    expect(location).toBe('/sign-in?provider=apple&problem=denied');
  });
});

describe('Microsoft', () => {
  async function signIn(browser = new PageBrowser(roster)) {
    const asked = await leave('microsoft', browser);
    const given = { code: '0.ARoA', state: asked.searchParams.get('state') ?? '', session_state: 'fe1540c3' };
    const back = `/auth/providers/microsoft/callback?${new URLSearchParams(given).toString()}`;
    const { location } = await browser.open(back);
    return { asked, browser, location };
  }

  /** Links the person to this user, as the page of the account does. */
  async function linkedTo(token: string) {
    const browser = new PageBrowser(roster);
    const left = await roster.api
      .post('/users/me/identities/microsoft/start')
      .set({ authorization: `Bearer ${token}` })
      .send({})
      .expect(200);
    const { authorizationUrl } = left.body as { authorizationUrl: string };
    const [, cookie = ''] = /roster-provider=([^;]+)/.exec(String(left.headers['set-cookie'])) ?? [];
    browser.cookies.set('roster-provider', cookie);
    documented.asked = new URL(authorizationUrl).searchParams;
    const state = documented.asked.get('state') ?? '';
    return browser.open(`/auth/providers/microsoft/callback?code=c&state=${state}`);
  }

  const issuer = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
  const claimsOf = (oid: string, more: object = {}) => ({
    iss: issuer(TENANT),
    tid: TENANT,
    oid,
    sub: `pairwise of ${oid}`,
    ver: '2.0',
    name: 'Bea Brown',
    preferred_username: `${oid}@corp.example.com`,
    email: `${oid}@corp.example.com`,
    ...more,
  });

  it('is asked with PKCE and a nonce, and an address that it names goes to a mail, whatever it says of it', async () => {
    for (const [oid, more] of [
      ['plain', {}],
      ['verified', { email_verified: true }],
      ['edov', { xms_edov: true }],
      ['edov-as-number', { xms_edov: 1, verified_primary_email: ['edov-as-number@corp.example.com'] }],
    ] as const) {
      documented.claims = claimsOf(oid, more);
      const { asked, location } = await signIn();
      expect(asked.searchParams.get('code_challenge_method')).toBe('S256');
      expect(asked.searchParams.get('nonce')).not.toBeNull();
      expect([oid, location]).toEqual([oid, '/sign-up/sent']);
    }
  });

  it('never links an account by its address, which an administrator of any tenant may write', async () => {
    const { id } = await roster.join('victim@corp.example.com');
    documented.claims = claimsOf('attacker', {
      email: 'victim@corp.example.com',
      email_verified: true,
      xms_edov: true,
    });
    expect((await signIn()).location).toBe('/sign-up/sent');
    expect(await roster.database.query('SELECT FROM identities WHERE user_id = $1', [id])).toEqual([]);
  });

  it('knows people by tenant and object, so in every application and with every address', async () => {
    const { token, id } = await roster.join('bea@example.com');
    documented.claims = claimsOf('bea');
    expect((await linkedTo(token)).location).toBe('/account/security');
    documented.claims = claimsOf('bea', { sub: 'another pairwise one', email: 'bea@elsewhere.example.com' });
    const { browser, location } = await signIn();
    expect(location).toBe('/sign-in/complete');
    expect((await sessionOf(roster, browser)).user.id).toBe(id);
    // The same object in another tenant is somebody else.
    const other = '72f988bf-86f1-41af-91ab-2d7cd011db47';
    documented.claims = claimsOf('bea', { iss: issuer(other), tid: other });
    expect((await signIn()).location).toBe('/sign-up/sent');
  });

  it.each([
    ['of another tenant than it names', { iss: issuer('72f988bf-86f1-41af-91ab-2d7cd011db47') }],
    ['without a tenant', { tid: undefined }],
    ['without an object', { oid: undefined }],
    ['whose issuer is the template itself', { iss: issuer('{tenantid}') }],
    ['of another cloud', { iss: `https://login.microsoftonline.us/${TENANT}/v2.0` }],
  ])('refuses an id_token %s', async (_what, more) => {
    documented.claims = claimsOf('mallory', more);
    expect((await signIn()).location).toBe('/sign-in?provider=microsoft&problem=failed');
  });
});
