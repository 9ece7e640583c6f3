import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Artifacts } from '../../src/openid/provider/artifacts.js';
import { Application, CALLBACK, ISSUER, signInOnPage, type Tokens } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let admin: string;
let grafana: Application;
let spa: Application;
let browser: PageBrowser;
beforeAll(async () => {
  roster = await startRoster({ REFRESH_REUSE_GRACE: '1m' });
  admin = await roster.signIn();
  grafana = await Application.register(roster, admin, {
    firstParty: true,
    claimsInIdToken: true,
    resources: ['https://billing.example.com'],
  });
  spa = await Application.register(roster, admin, {
    firstParty: true,
    public: true,
    idTokenSignedResponseAlg: 'ES256',
  });
  await roster.join('ada@example.com');
  browser = new PageBrowser(roster);
  await signInOnPage(browser, 'ada@example.com', PASSWORD);
});
afterAll(() => roster.stop());

const claimsOf = (token: string, part = 1) =>
  JSON.parse(Buffer.from(token.split('.')[part]!, 'base64url').toString()) as Record<string, unknown>;
const jwks = async () =>
  (await roster.api.get('/.well-known/jwks.json').expect(200)).body as { keys: { kid: string; alg: string }[] };

/** The form that exchanges the code of a round. */
const exchangeOf = ({ back, checks }: Awaited<ReturnType<Application['comeBack']>>) => ({
  grant_type: 'authorization_code',
  code: back.searchParams.get('code') ?? '',
  redirect_uri: CALLBACK,
  code_verifier: checks.pkceCodeVerifier,
});
const statusesOf = (answers: readonly { status: number }[]) => answers.map(({ status }) => status).sort();
const isGood = async (application: Application, accessToken: string) =>
  (await application.userinfo(accessToken)).status === 200;

describe('a code', () => {
  it('is exchanged once, of sixteen times at once, and takes its tokens back', async () => {
    const form = exchangeOf(await grafana.comeBack(browser));
    const answers = await Promise.all(Array.from({ length: 16 }, () => grafana.post('/oauth2/token', form)));
    expect(statusesOf(answers)).toEqual([200, ...Array<number>(15).fill(400)]);
    for (const { status, body } of answers) if (status !== 200) expect(body).toMatchObject({ error: 'invalid_grant' });
    const { body } = answers.find(({ status }) => status === 200) as { body: { access_token: string } };
    expect(await isGood(grafana, body.access_token)).toBe(false);
  });

  it('is used up by one of sixteen uses at once, whatever was read of it before', async () => {
    const artifacts = roster.app.get(Artifacts, { strict: false });
    await artifacts.add({ kind: 'AuthorizationCode', id: 'sixteen', payload: {}, ttl: 60 });
    const uses = await Promise.all(Array.from({ length: 16 }, () => artifacts.consume('AuthorizationCode', 'sixteen')));
    expect(uses.filter(Boolean)).toHaveLength(1);
  });

  it('takes its tokens back when it comes again later', async () => {
    const form = exchangeOf(await grafana.comeBack(browser));
    const { body } = await grafana.post('/oauth2/token', form).expect(200);
    const { access_token, refresh_token } = body as { access_token: string; refresh_token: string };
    expect(await isGood(grafana, access_token)).toBe(true);
    await grafana.post('/oauth2/token', form).expect(400);
    expect(await isGood(grafana, access_token)).toBe(false);
    await expect(grafana.refresh(refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it.each<[string, Record<string, string>, Application | undefined]>([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, undefined],
    ['no verifier', { code_verifier: '' }, undefined],
    ['another redirect URI', { redirect_uri: `${CALLBACK}/` }, undefined],
    ['no redirect URI', { redirect_uri: '' }, undefined],
  ])('is worth nothing with %s', async (_, change) => {
    const form = { ...exchangeOf(await grafana.comeBack(browser)), ...change };
    const { body } = await grafana.post('/oauth2/token', form).expect(400);
    expect((body as { error: string }).error).toMatch(/^invalid_(grant|request)$/);
  });

  it('is worth nothing to another application, or with a wrong secret', async () => {
    const form = exchangeOf(await grafana.comeBack(browser));
    await spa.post('/oauth2/token', form).expect(400, /invalid_grant/);
    const { status } = await roster.api.post('/oauth2/token').type('form').auth(grafana.clientId, 'wrong').send(form);
    expect(status).toBe(401);
    await roster.api
      .post('/oauth2/token')
      .type('form')
      .send({ ...form, client_id: grafana.clientId })
      .expect(401, /invalid_client/);
  });
});

describe('a refresh token', () => {
  const refreshing = (token: string) => ({ grant_type: 'refresh_token', refresh_token: token });

  it.each<[string, () => Application]>([
    ['a confidential application', () => grafana],
    ['a public application', () => spa],
  ])('of %s has one successor, of sixteen uses at once, and again within the grace period', async (_, application) => {
    const { refresh_token: first = '' } = await application().tokens(browser);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => application().post('/oauth2/token', refreshing(first))),
    );
    expect(statusesOf(answers)).toEqual(Array<number>(16).fill(200));
    const successors = new Set(answers.map(({ body }) => (body as { refresh_token: string }).refresh_token));
    expect(successors.size).toBe(1);
    const again = await application().refresh(first);
    expect([again.refresh_token]).toEqual([...successors]);
    expect(again.refresh_token).not.toBe(first);
    for (const { body } of answers) {
      expect(await isGood(application(), (body as { access_token: string }).access_token)).toBe(true);
    }
  });

  it('ends the grant when it comes again after its successor was used', async () => {
    const { refresh_token: first = '' } = await grafana.tokens(browser);
    const second = await grafana.refresh(first);
    const third = await grafana.refresh(second.refresh_token ?? '');
    await expect(grafana.refresh(first)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await isGood(grafana, third.access_token)).toBe(false);
    await expect(grafana.refresh(third.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('ends the grant when it comes again after the grace period', async () => {
    const { refresh_token: first = '' } = await grafana.tokens(browser);
    const second = await grafana.refresh(first);
    await roster.database.query(
      "UPDATE openid_artifacts SET consumed_at = consumed_at - interval '2 minutes' WHERE consumed_at IS NOT NULL",
    );
    await expect(grafana.refresh(first)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await isGood(grafana, second.access_token)).toBe(false);
  });

  it('is taken back by the application, with what hangs on it, and another application cannot', async () => {
    const tokens = await grafana.tokens(browser);
    await spa.post('/oauth2/revoke', { token: tokens.refresh_token ?? '' }).expect(200);
    expect(await isGood(grafana, tokens.access_token)).toBe(true);
    await grafana.post('/oauth2/revoke', { token: tokens.refresh_token ?? '' }).expect(200);
    expect(await isGood(grafana, tokens.access_token)).toBe(false);
    await grafana.post('/oauth2/revoke', { token: 'unknown' }).expect(200);
  });
});

describe('introspection', () => {
  it('tells an application of its own tokens, and of no others', async () => {
    const { access_token: token, refresh_token = '' } = await grafana.tokens(browser);
    const own = await grafana.post('/auth/introspect', { token }).expect(200);
    expect(own.body).toMatchObject({ active: true, client_id: grafana.clientId, role: 'AUTHENTICATED', acr: 'aal1' });
    expect((own.body as { scope: string }).scope.split(' ')).toContain('openid');
    const refresh = await grafana.post('/auth/introspect', { token: refresh_token }).expect(200);
    expect(refresh.body).toMatchObject({ active: true });
    expect(refresh.body).not.toHaveProperty('token_type');
    const other = await Application.register(roster, admin, { name: 'Other' });
    for (const unknown of [token, admin, 'unknown', 'a.b.c', '']) {
      const { body } = await other.post('/auth/introspect', { token: unknown }).expect(200);
      expect(body).toEqual({ active: false });
    }
    await roster.api
      .post('/auth/introspect')
      .set(as(admin))
      .send({ token })
      .expect(200, /"active":true/);
  });

  it('needs the right secret, and any at all', async () => {
    const ask = () => roster.api.post('/auth/introspect').type('form');
    await ask().auth(grafana.clientId, 'wrong').send({ token: 'x' }).expect(401);
    await ask().auth('unknown', 'wrong').send({ token: 'x' }).expect(401);
    await ask().send({ token: 'x', client_id: spa.clientId, client_secret: '' }).expect(401);
    await ask().send({ token: 'x', client_id: spa.clientId }).expect(401);
    await ask().send({ token: 'x' }).expect(401);
  });
});

describe('a service that introspects', () => {
  const RESOURCE = 'https://billing.example.com';
  let key: string;
  let account: string;
  beforeAll(async () => {
    const wanted = { name: 'Billing', role: 'MANAGER', scopes: ['introspect'] };
    const made = await roster.api.post('/service-accounts').set(as(admin)).send(wanted).expect(201);
    account = (made.body as { id: string }).id;
    const keys = `/service-accounts/${account}/keys`;
    ({ key } = (await roster.api.post(keys).set(as(admin)).send({ name: 'CI' }).expect(201)).body as { key: string });
  });
  const told = async (token: string, audience?: string) =>
    (await roster.api.post('/auth/introspect').set(as(key)).send({ token, audience }).expect(200)).body as object;
  const jwtOf = async (parameters: Record<string, string> = {}) => {
    const round = await grafana.comeBack(browser, { resource: RESOURCE, ...parameters });
    const { body } = await grafana.post('/oauth2/token', { ...exchangeOf(round), resource: RESOURCE }).expect(200);
    return (body as Tokens).access_token;
  };

  it('is told of no token that an application got for itself to use: neither to sign in nor to refresh', async () => {
    const { access_token, refresh_token = '' } = await grafana.tokens(browser);
    for (const token of [access_token, refresh_token]) {
      for (const audience of [undefined, ISSUER, grafana.clientId]) {
        expect(await told(token, audience)).toEqual({ active: false });
      }
    }
    const asked = roster.api.post('/auth/introspect').set(as(admin)).send({ token: refresh_token });
    expect((await asked.expect(200)).body).toEqual({ active: false });
    expect(await told(admin)).toMatchObject({ active: true, aud: ISSUER, client_id: 'roster' });
  });

  it('is told of a JWT that was made for it, by the name that it gives, and of service accounts', async () => {
    const jwt = await jwtOf();
    expect(await told(jwt, RESOURCE)).toMatchObject({ active: true, aud: RESOURCE, role: 'AUTHENTICATED' });
    for (const audience of [undefined, ISSUER, `${RESOURCE}/`])
      expect(await told(jwt, audience)).toEqual({ active: false });
    const form = { grant_type: 'client_credentials', client_id: account, client_secret: key };
    const { body } = await roster.api.post('/oauth2/token').type('form').send(form).expect(200);
    const own = { active: true, sub: account, client_id: account, aud: account, scope: '', role: 'MANAGER' };
    expect(await told((body as Tokens).access_token)).toMatchObject(own);
  });

  it('learns the role with the scope roles alone', async () => {
    const jwt = await jwtOf({ scope: 'openid profile' });
    expect(claimsOf(jwt)).not.toHaveProperty('role');
    const known = await told(jwt, RESOURCE);
    expect(known).toMatchObject({ active: true, scope: 'openid profile', client_id: grafana.clientId });
    expect(known).not.toHaveProperty('role');
    const { access_token: token } = await grafana.tokens(browser, { scope: 'openid' });
    const { body } = await grafana.post('/auth/introspect', { token }).expect(200);
    expect(body).toMatchObject({ active: true, scope: 'openid' });
    expect(body).not.toHaveProperty('role');
    expect((await grafana.userinfo(token).expect(200)).body).not.toHaveProperty('role');
  });
});

describe('an application', () => {
  it('gets no more by the parameter claims than by its scopes', async () => {
    const claims = JSON.stringify({ userinfo: { email: null }, id_token: { email: null, role: null } });
    const { access_token, id_token } = await spa.tokens(browser, { scope: 'openid', claims });
    expect((await spa.userinfo(access_token).expect(200)).body).not.toHaveProperty('email');
    expect(claimsOf(id_token)).not.toHaveProperty('email');
    expect(claimsOf(id_token)).not.toHaveProperty('role');
    const { body } = await roster.api.get('/.well-known/openid-configuration').expect(200);
    expect((body as Record<string, unknown>)['claims_parameter_supported'] ?? false).toBe(false);
  });

  it('gets JWTs for the services alone that it is registered for, to the letter', async () => {
    const other = await Application.register(roster, admin, { name: 'Other', firstParty: true });
    for (const [application, resource] of [
      [other, 'https://billing.example.com'],
      [grafana, 'https://billing.example.com/'],
      [grafana, ISSUER],
    ] as const) {
      const { back } = await application.comeBack(browser, { resource });
      expect(back.searchParams.get('error')).toBe('invalid_target');
      const { refresh_token = '' } = await application.tokens(browser);
      const form = { grant_type: 'refresh_token', refresh_token, resource };
      await application.post('/oauth2/token', form).expect(400, /invalid_target/);
    }
  });

  it('does not take the email address of a user for a username', async () => {
    const { access_token } = await grafana.tokens(browser);
    const { body } = await grafana.userinfo(access_token).expect(200);
    expect(body).toMatchObject({ email: 'ada@example.com' });
    expect(body).not.toHaveProperty('preferred_username');
  });

  it('has one spelling of its id, and is unknown by another', async () => {
    const other = grafana.clientId.toUpperCase();
    expect(other).not.toBe(grafana.clientId);
    const page = await browser.open((await grafana.begin({ client_id: other })).path);
    expect([page.status, page.location]).toEqual([400, undefined]);
    const asked = roster.api
      .post('/auth/introspect')
      .type('form')
      .auth(other, grafana.clientSecret ?? '');
    await asked.send({ token: 'x' }).expect(401);
  });
});

describe('an id_token', () => {
  it('is signed as the application wants it, by a key of the JWKS, and names session, time and role', async () => {
    const [rsa, ec] = [await grafana.tokens(browser), await spa.tokens(browser)];
    const { keys } = await jwks();
    for (const [{ id_token, access_token }, alg] of [
      [rsa, 'RS256'],
      [ec, 'ES256'],
    ] as const) {
      const header = claimsOf(id_token, 0);
      expect(header).toMatchObject({ alg });
      expect(keys).toContainEqual(expect.objectContaining({ kid: header['kid'], alg }));
      const claims = claimsOf(id_token);
      expect(claims).toMatchObject({ iss: ISSUER, acr: 'aal1', amr: ['pwd'] });
      expect(claims['sid']).toMatch(/^[0-9a-f-]{36}$/);
      expect(typeof claims['auth_time']).toBe('number');
      const half = createHash('sha256').update(access_token).digest().subarray(0, 16).toString('base64url');
      if ('at_hash' in claims) expect(claims['at_hash']).toBe(half);
    }
    expect(claimsOf(rsa.id_token)).toMatchObject({ role: 'AUTHENTICATED', email: 'ada@example.com' });
    expect(claimsOf(ec.id_token)).not.toHaveProperty('email');
    expect(JSON.stringify(keys)).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/);
  });
});
