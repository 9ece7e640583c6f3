// An application that signs people in with Roster, reduced to the requests that it sends.
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { URL, URLSearchParams } from 'node:url';
import { call, postJson } from './load.mjs';

const REDIRECT = 'https://app.example.com/callback';
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };
const FORM = 'application/x-www-form-urlencoded';

/** Signs somebody in as a page of Roster does. @returns headers of a browser that has the cookie */
export async function browserOf({ url }, identifier, password) {
  const { status, headers, text } = await postJson(`${url}/auth/login`, { identifier, password, session: 'cookie' });
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  const cookie = headers['set-cookie'].map((one) => one.split(';', 1)[0]).join('; ');
  return { ...SAME_ORIGIN, cookie };
}

/** Registers the application, of the own organisation. @param headers of an ADMIN */
export async function registerClient({ url }, headers, resource) {
  const value = { name: 'Bench', redirectUris: [REDIRECT], firstParty: true, resources: [resource] };
  const { clientId, clientSecret } = await postJsonAs(`${url}/clients`, headers, value);
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const authorization = { authorization: `Basic ${basic}` };
  return {
    /** @param browser headers of somebody who is signed in @returns what the token endpoint answers */
    tokens: async (server, browser, more = {}) => {
      const verifier = randomBytes(32).toString('base64url');
      const query = new URLSearchParams({
        ...{ client_id: clientId, redirect_uri: REDIRECT, response_type: 'code', scope: 'openid email roles' },
        ...{ code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' },
        ...more,
      });
      const { headers: answered, text } = await call(`${server.url}/oauth2/authorize?${query}`, { headers: browser });
      const code = URL.parse(answered.location ?? '')?.searchParams.get('code');
      if (!code) throw new Error(`No code: ${answered.location ?? text}`);
      const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier, ...more };
      return JSON.parse((await postForm(`${server.url}/oauth2/token`, authorization, form, 200)).text);
    },
    refresh: (server, refreshToken) =>
      postForm(`${server.url}/oauth2/token`, authorization, {
        ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
      }),
    introspect: (server, token) => postForm(`${server.url}/auth/introspect`, authorization, { token }),
  };
}

export async function postJsonAs(url, headers, value, method = 'POST') {
  const json = { 'content-type': 'application/json' };
  const body = value && JSON.stringify(value);
  const { status, text } = await call(url, { method, headers: { ...headers, ...(body && json) }, body });
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function postForm(url, headers, form, expected) {
  const body = new URLSearchParams(form).toString();
  const answer = await call(url, { method: 'POST', headers: { ...headers, 'content-type': FORM }, body });
  if (expected !== undefined && answer.status !== expected) throw new Error(`${url}: ${answer.status} ${answer.text}`);
  return answer;
}
