import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oidc from 'openid-client';
import { PASSWORD } from '../support/roster.js';
import { Ground } from './support/ground.js';
import { CALLBACK, challengeOf, HandMadeClient, VERIFIER } from './support/hand-made-client.js';

let ground: Ground;
let client: HandMadeClient;
let other: HandMadeClient;
beforeAll(async () => {
  ground = await Ground.start();
  const browser = HandMadeClient.browserOf(ground);
  const register = async (name: string) =>
    new HandMadeClient(ground, await ground.register({ name, redirectUris: [CALLBACK] }), browser);
  [client, other] = [await register('Grafana'), await register('Wiki')];
  await ground.person('ada');
  await ground.signIn(browser, await client.authorize(), 'ada');
});
afterAll(() => ground.stop());

describe('an authorization request that may not be answered to the client (RFC 6749, 4.1.2.1)', () => {
  it.each([
    ['a dot behind the host', 'https://app.example.com./callback'],
    ['a slash at the end', 'https://app.example.com/callback/'],
    ['another case', 'https://app.example.com/Callback'],
    ['a host in capitals', 'https://APP.example.com/callback'],
    ['the port that goes without saying', 'https://app.example.com:443/callback'],
    ['another port', 'https://app.example.com:8443/callback'],
    ['dot segments', 'https://app.example.com/callback/../callback'],
    ['an escaped letter', 'https://app.example.com/%63allback'],
    ['a query', 'https://app.example.com/callback?next=https://evil.example'],
    ['a fragment', 'https://app.example.com/callback#there'],
    ['another scheme', 'http://app.example.com/callback'],
    ['a host before an at sign', 'https://app.example.com@evil.example/callback'],
    ['a host that begins alike', 'https://app.example.com.evil.example/callback'],
    ['another host', 'https://evil.example/callback'],
    ['no redirect URI', undefined],
  ])('is refused on a page for %s', async (_, redirect_uri) => {
    const page = await client.authorize({ redirect_uri });
    expect(page.status).toBe(400);
    expect(page.headers.location).toBeUndefined();
  });

  it.each([
    ['an unknown client', 'nobody'],
    ['no client', undefined],
  ])('is refused on a page for %s', async (_, client_id) => {
    const page = await client.authorize({ client_id });
    expect([page.status, page.headers.location]).toEqual([400, undefined]);
  });
});

describe('an authorization request that is wrong otherwise', () => {
  it.each([
    ['no code_challenge (RFC 9700, 2.1.1)', { code_challenge: undefined }, 'invalid_request'],
    [
      'no code_challenge_method, which means plain (RFC 7636, 4.3)',
      { code_challenge_method: undefined },
      'invalid_request',
    ],
    ['a plain code_challenge', { code_challenge: VERIFIER, code_challenge_method: 'plain' }, 'invalid_request'],
    ['an implicit response', { response_type: 'token' }, 'unsupported_response_type'],
    ['an id_token from the front', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['a hybrid response', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a request_uri elsewhere', { request_uri: 'https://app.example.com/request.jwt' }, 'request_uri_not_supported'],
  ])('tells the client for %s', async (_, changes, error) => {
    const page = await client.authorize(changes);
    const { origin, pathname, searchParams, hash } = new URL(page.url);
    const told = searchParams.size > 0 ? searchParams : new URLSearchParams(hash.slice(1));
    expect([origin + pathname, told.get('error'), told.get('state')]).toEqual([CALLBACK, error, 'a-state']);
    // RFC 9207.
    expect(told.get('iss')).toBe(ground.issuer);
    expect(told.get('code')).toBeNull();
  });

  it('is refused with prompt=none for somebody who is not signed in', async () => {
    const stranger = new HandMadeClient(ground, client.registered, HandMadeClient.browserOf(ground));
    expect((await stranger.comeBack({ prompt: 'none' })).get('error')).toBe('login_required');
  });
});

describe('a token request', () => {
  it('gets nothing for a code that was used, and what the code brought is taken back (RFC 6749, 4.1.2)', async () => {
    const code = await client.code();
    const { body } = await client.exchange(code);
    expect((await client.userinfo(body['access_token'])).status).toBe(200);
    expect(await client.exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await client.userinfo(body['access_token'])).status).toBe(401);
    expect(await client.refresh(body['refresh_token'])).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it.each([
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['no verifier', { code_verifier: undefined }],
    ['the challenge for a verifier', { code_verifier: challengeOf(VERIFIER) }],
    ['another redirect URI', { redirect_uri: `${CALLBACK}/` }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['a made-up code', { code: 'c'.repeat(43) }],
  ])('gets nothing for %s', async (_, changes) => {
    const { status, body } = await client.exchange(await client.code(), changes);
    expect(status).toBe(400);
    expect(['invalid_grant', 'invalid_request']).toContain(body['error']);
    expect(body['access_token']).toBeUndefined();
  });

  it('gets nothing for the code of another client', async () => {
    const code = await client.code();
    expect(await other.exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('gets nothing for the refresh token of another client, and does not harm it', async () => {
    const { refresh_token } = await client.tokens();
    expect(await other.refresh(refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await client.refresh(refresh_token)).toMatchObject({ status: 200 });
  });

  it.each([
    ['password', 'unsupported_grant_type'],
    ['urn:example:unknown', 'unsupported_grant_type'],
    ['implicit', 'unsupported_grant_type'],
  ])('for the grant type %s is refused as %s', async (grant_type, error) => {
    const form = { grant_type, username: 'ada@example.com', password: PASSWORD };
    expect(await client.post('/oauth2/token', form)).toMatchObject({ status: 400, body: { error } });
  });

  it.each([
    ['no secret', (id: string) => ({ form: { client_id: id }, authorization: '' })],
    ['another secret', (id: string) => ({ form: {}, authorization: basic(id, 'wrong') })],
  ])('is refused as invalid_client with %s', async (_, how) => {
    const { form, authorization } = how(client.registered.clientId);
    const answer = await client.exchange(await client.code(), form, authorization);
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it.each([
    ['an empty secret', (id: string) => ({ form: {}, authorization: basic(id, '') })],
    ['an assertion with alg none', (id: string) => ({ form: assertionOf(id, ground.issuer), authorization: '' })],
  ])('gets nothing with %s', async (_, how) => {
    const { form, authorization } = how(client.registered.clientId);
    const { status, body } = await client.exchange(await client.code(), form, authorization);
    expect([status, body['error'], body['access_token']]).toEqual([400, 'invalid_request', undefined]);
  });

  it('may not carry the secret in its address (RFC 6749, 2.3.1)', async () => {
    const { clientId, clientSecret } = client.registered;
    const query = new URLSearchParams({ client_id: clientId, client_secret: clientSecret });
    const form = { grant_type: 'authorization_code', code: await client.code(), redirect_uri: CALLBACK };
    const { status, body } = await client.post(
      `/oauth2/token?${query.toString()}`,
      { ...form, code_verifier: VERIFIER },
      '',
    );
    expect([400, 401]).toContain(status);
    expect(body['access_token']).toBeUndefined();
  });
});

describe('a pushed request (RFC 9126)', () => {
  const push = async (by: HandMadeClient, changes: Record<string, string> = {}) => {
    const { clientId } = by.registered;
    const challenge = { code_challenge: challengeOf(VERIFIER), code_challenge_method: 'S256' };
    const form = { client_id: clientId, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', ...challenge };
    return by.post('/oauth2/par', { ...form, ...changes });
  };
  const follow = (by: HandMadeClient, request_uri: unknown) =>
    by.browser.open(
      `${ground.issuer}/oauth2/authorize?${new URLSearchParams({ client_id: by.registered.clientId, request_uri: String(request_uri) }).toString()}`,
    );

  it('is used once', async () => {
    const { status, body } = await push(client);
    expect(status).toBe(201);
    const page = await follow(client, body['request_uri']);
    const back = ground.asksConsent(page) ? await client.browser.submit(page) : page;
    expect(new URL(back.url).searchParams.get('code')).toMatch(/./);
    const again = await follow(client, body['request_uri']);
    expect(new URL(again.url).searchParams.get('code')).toBeNull();
  });

  it('is for the client that pushed it', async () => {
    const { body } = await push(client);
    const page = await follow(other, body['request_uri']);
    expect(page.status).toBe(400);
    expect(page.headers.location).toBeUndefined();
  });

  it.each([
    ['a redirect URI that is not registered', { redirect_uri: 'https://app.example.com./callback' }],
    ['a request_uri inside', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
  ])('is refused with %s', async (_, changes) => {
    const { status, body } = await push(client, changes);
    expect([status, typeof body['error'], body['request_uri']]).toEqual([400, 'string', undefined]);
  });

  it('is refused without the secret', async () => {
    const { clientId } = client.registered;
    const answer = await client.post('/oauth2/par', { client_id: clientId, response_type: 'code' }, '');
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});

describe('a token that Roster did not sign', () => {
  it.each(['none', 'HS256'] as const)('is worth nothing with alg %s', async (alg) => {
    const { keys } = (await (await fetch(`${ground.issuer}/.well-known/jwks.json`)).json()) as { keys: JsonWebKey[] };
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: ground.issuer, sub: 'ada', aud: client.registered.clientId, iat: now, exp: now + 300 };
    for (const key of keys) {
      const token = forged(alg, key, { ...payload, client_id: client.registered.clientId, scope: 'openid', jti: 'x' });
      expect((await client.userinfo(token)).status).toBe(401);
      expect((await client.post('/auth/introspect', { token })).body).toEqual({ active: false });
    }
  });

  it('does not sign anybody out as a hint', async () => {
    const { keys } = (await (await fetch(`${ground.issuer}/.well-known/jwks.json`)).json()) as { keys: JsonWebKey[] };
    const { id_token, access_token } = await client.tokens();
    const payload = JSON.parse(Buffer.from(String(id_token).split('.')[1] ?? '', 'base64url').toString()) as object;
    for (const alg of ['none', 'HS256'] as const) {
      const hint = forged(alg, keys[0]!, payload);
      await client.browser.open(
        `${ground.issuer}/oauth2/logout?${new URLSearchParams({ id_token_hint: hint }).toString()}`,
      );
      expect((await client.userinfo(access_token)).status).toBe(200);
    }
  });
});

describe('what openid-client refuses of Roster', () => {
  const discover = async () => {
    const { clientId, clientSecret } = client.registered;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the server of this test speaks HTTP
    const options = { execute: [oidc.allowInsecureRequests] };
    return oidc.discovery(new URL(ground.issuer), clientId, clientSecret, undefined, options);
  };
  const checks = { pkceCodeVerifier: VERIFIER, expectedState: 'a-state', expectedNonce: 'a-nonce' };

  it.each([
    ['the ID token of another sign-in, by its nonce', () => client.comeBack({ nonce: 'of another sign-in' })],
    ['the answer to another request, by its state', () => client.comeBack({ state: 'of another request' })],
    [
      'an answer that names another issuer',
      async () => {
        const back = await client.comeBack();
        back.set('iss', 'https://evil.example');
        return back;
      },
    ],
    [
      'an answer without an issuer',
      async () => {
        const back = await client.comeBack();
        back.delete('iss');
        return back;
      },
    ],
  ])('is %s', async (_, comeBack) => {
    const back = new URL(`${CALLBACK}?${(await comeBack()).toString()}`);
    await expect(oidc.authorizationCodeGrant(await discover(), back, checks)).rejects.toThrow();
  });

  it('is nothing when all is as it should be', async () => {
    const back = new URL(`${CALLBACK}?${(await client.comeBack()).toString()}`);
    const tokens = await oidc.authorizationCodeGrant(await discover(), back, checks);
    expect(tokens.claims()).toMatchObject({ iss: ground.issuer, nonce: 'a-nonce', role: 'MANAGER' });
  });
});

const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Signed by nothing, or with the public key as if it were a secret that two share. */
function forged(alg: 'none' | 'HS256', key: JsonWebKey, payload: object): string {
  const signed = `${encoded({ alg, kid: key['kid'], typ: 'at+jwt' })}.${encoded(payload)}`;
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return `${signed}.${alg === 'none' ? '' : createHmac('sha256', pem).update(signed).digest('base64url')}`;
}

function assertionOf(clientId: string, issuer: string): Record<string, string> {
  const exp = Math.floor(Date.now() / 1000) + 60;
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: 'x', exp };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${encoded({ alg: 'none' })}.${encoded(claims)}.`,
  };
}
