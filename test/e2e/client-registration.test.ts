import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Application, backFrom, CALLBACK, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

const TOKEN = 'those-who-have-this-may-register-applications';
const REDIRECTS = [CALLBACK];

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ CLIENT_REGISTRATION_TOKEN: TOKEN });
  admin = await roster.signIn();
  await roster.join('ada@example.com');
});
afterAll(() => roster.stop());

const register = (metadata: object | string, token = TOKEN) =>
  roster.api.post('/oauth2/register').set('content-type', 'application/json').set(as(token)).send(metadata);
const clients = async () => {
  const { body } = await roster.api.get('/clients').set(as(admin)).expect(200);
  return (body as { items: Record<string, unknown>[] }).items;
};

describe('a client that registers itself (RFC 7591)', () => {
  it('gets an id and a secret, is named in the log, and asks for consent', async () => {
    const answer = await register({
      ...{ client_name: 'Wiki', redirect_uris: REDIRECTS, scope: 'openid email something-else' },
      // Unknown, and what a client may not say of itself.
      ...{
        logo_uri: 'https://app.example.com/logo.png',
        first_party: true,
        firstParty: true,
        resources: ['https://x'],
      },
    }).expect(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { client_id, client_secret, ...rest } = answer.body as Record<string, string>;
    expect(rest).toEqual({
      client_id_issued_at: expect.any(Number) as unknown,
      client_secret_expires_at: 0,
      client_name: 'Wiki',
      redirect_uris: REDIRECTS,
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid email',
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
    });
    expect((await clients())[0]).toMatchObject({ clientId: client_id, firstParty: false, resources: [] });
    const { body: log } = await roster.api.get(`/clients/${client_id}/events`).set(as(admin)).expect(200);
    expect(log).toMatchObject({ items: [{ type: 'client.created', actor: { kind: 'anonymous' } }] });

    const wiki = await Application.at(roster, client_id ?? '', client_secret);
    const browser = new PageBrowser(roster);
    await signInOnPage(browser, 'ada@example.com', PASSWORD);
    const { path, checks } = await wiki.begin({ scope: 'openid email' });
    const page = await browser.follow(await browser.open(path));
    expect(page.text).toContain('Sign in to <bdi>Wiki</bdi>?');
    await wiki.exchange({ back: backFrom(await browser.submit(page, {}, 'Allow')), checks });
  });

  it('may be public, on a device, and without a name', async () => {
    const metadata = { redirect_uris: ['com.example.app:/callback'], token_endpoint_auth_method: 'none' };
    const { body } = await register(metadata).expect(201);
    expect(body).toMatchObject({ client_name: 'com.example.app', token_endpoint_auth_method: 'none' });
    expect(body).not.toHaveProperty('client_secret');
  });

  it('may send its secret in the body', async () => {
    const metadata = { redirect_uris: REDIRECTS, token_endpoint_auth_method: 'client_secret_post' };
    const { body } = await register(metadata).expect(201);
    expect(body).toMatchObject({ client_secret: expect.any(String) as unknown, ...metadata });
  });

  it.each<[string, object | string, string]>([
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['a redirect URI without TLS', { redirect_uris: ['http://app.example.com/'] }, 'invalid_redirect_uri'],
    ['a scheme of its own with a secret', { redirect_uris: ['com.example.app:/'] }, 'invalid_redirect_uri'],
    ['a text in place of a list', { redirect_uris: CALLBACK }, 'invalid_redirect_uri'],
    ['the implicit grant', { redirect_uris: REDIRECTS, grant_types: ['implicit'] }, 'invalid_client_metadata'],
    ['another response type', { redirect_uris: REDIRECTS, response_types: ['token'] }, 'invalid_client_metadata'],
    ['a key', { redirect_uris: REDIRECTS, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    ['no signature', { redirect_uris: REDIRECTS, id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
    ['scopes that do not exist', { redirect_uris: REDIRECTS, scope: 'root' }, 'invalid_client_metadata'],
    ['an endless name', { redirect_uris: REDIRECTS, client_name: 'x'.repeat(101) }, 'invalid_client_metadata'],
    ['an address inside', { redirect_uris: REDIRECTS, backchannel_logout_uri: 'ftp://x' }, 'invalid_client_metadata'],
    ['a list', '[]', 'invalid_client_metadata'],
  ])('is refused with %s, and nothing is registered', async (_, metadata, error) => {
    const before = (await clients()).length;
    const { body } = await register(metadata).expect(400);
    expect(body).toEqual({ error, error_description: expect.any(String) as unknown });
    expect(await clients()).toHaveLength(before);
  });

  it('has to have the token', async () => {
    for (const token of ['', `${TOKEN}x`, admin]) {
      const refused = await register({ redirect_uris: REDIRECTS }, token).expect(401);
      expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(JSON.stringify(refused.body)).toContain('CLIENT_REGISTRATION_TOKEN');
    }
    await roster.api.post('/oauth2/register').send({ redirect_uris: REDIRECTS }).expect(401);
    const { body } = await roster.api.get('/.well-known/openid-configuration').expect(200);
    expect((body as Record<string, string>)['registration_endpoint']).toMatch(/\/oauth2\/register$/);
  });

  it('is not there without the setting', async () => {
    const closed = await startRoster();
    await closed.api.post('/oauth2/register').set(as(TOKEN)).send({ redirect_uris: REDIRECTS }).expect(401);
    await closed.api.post('/oauth2/register').set(as('')).send({ redirect_uris: REDIRECTS }).expect(401);
    const { body } = await closed.api.get('/.well-known/openid-configuration').expect(200);
    expect(body).not.toHaveProperty('registration_endpoint');
    await closed.stop();
  });
});
