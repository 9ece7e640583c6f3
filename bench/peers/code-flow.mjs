import { URLSearchParams } from 'node:url';
import { createHash, randomBytes } from 'node:crypto';
import { ask } from './http.mjs';

export const CALLBACK = 'https://app.example.com/callback';

/**
 * Sign-ins to an application by authorization code with PKCE, by a browser that has a session at the provider already: nothing is
 * hashed. A sign-in is the authorization request with its redirects, and the exchange of the code.
 * @param signIn what the person does on the provider's page at the first time
 */
export async function codeFlowOf({ authorize, token, introspect, client, signIn, jar }) {
  const start = () => {
    const verifier = randomBytes(32).toString('base64url');
    const parameters = new URLSearchParams({
      client_id: client.id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid email',
      state: randomBytes(8).toString('hex'),
      nonce: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    return { url: `${authorize}?${parameters}`, verifier };
  };
  const exchange = async (arrived, verifier) => {
    const code = arrived.searchParams.get('code');
    if (code === null) throw new Error(`No code: ${arrived.href}`);
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
    const { json } = await ask(token, { form, headers: client.headers });
    if (!json.id_token) throw new Error('No ID token');
    return json;
  };
  const first = start();
  let seen = await jar.follow(first.url, CALLBACK);
  for (let pages = 0; !seen.arrived && pages < 3; pages++) seen = await signIn(jar, seen);
  // The newest one: it may be good for some minutes only.
  let access = (await exchange(seen.arrived, first.verifier)).access_token;
  return {
    codeFlow: async () => {
      const { url, verifier } = start();
      const { arrived } = await jar.follow(url, CALLBACK);
      if (!arrived) throw new Error('The provider asked again');
      access = (await exchange(arrived, verifier)).access_token;
    },
    introspect: async () => {
      const { json } = await ask(introspect, { form: { token: access }, headers: client.headers });
      if (json.active !== true) throw new Error('The token is not active');
    },
  };
}
