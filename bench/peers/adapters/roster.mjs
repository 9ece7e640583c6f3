import { ask, basic, bearer, Jar } from '../http.mjs';
import { CALLBACK, codeFlowOf } from '../code-flow.mjs';

export const name = 'Roster';

export const needs = {
  admin: 'address of somebody who may add and list users, and register clients',
  password: 'theirs',
};

export async function open({ url, options }) {
  const admin = (await signIn({ email: options.admin, password: options.password })).access;
  async function signIn({ email, password }) {
    const { json } = await ask(`${url}/auth/login`, { json: { identifier: email, password } });
    return { access: json.accessToken, refresh: json.refreshToken };
  }
  return {
    register: ({ email, password }) => ask(`${url}/auth/register`, { json: { email, password }, expected: [202] }),
    create: (person) => ask(`${url}/users`, { json: person, headers: bearer(admin), expected: [201] }),
    signIn,
    me: ({ access }) => ask(`${url}/users/me`, { headers: bearer(access) }),
    refresh: async ({ refresh }) => {
      const { json } = await ask(`${url}/auth/refresh`, { json: { refreshToken: refresh } });
      return { access: json.accessToken, refresh: json.refreshToken };
    },
    list: async (cursor, limit) => {
      const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { json } = await ask(`${url}/users?limit=${limit}${more}`, { headers: bearer(admin) });
      return json.page.nextCursor;
    },
    openid: async (person) => {
      const client = { name: 'Measured', redirectUris: [CALLBACK], firstParty: true };
      const { json } = await ask(`${url}/clients`, { json: client, headers: bearer(admin), expected: [201] });
      return codeFlowOf({
        authorize: `${url}/oauth2/authorize`,
        token: `${url}/oauth2/token`,
        introspect: `${url}/auth/introspect`,
        client: { id: json.clientId, headers: basic(json.clientId, json.clientSecret) },
        signIn: (jar, page) => jar.submit(page, CALLBACK, { identifier: person.email, password: person.password }),
        jar: new Jar(),
      });
    },
  };
}
