import { ask, bearer } from '../http.mjs';

export const name = 'NestJS boilerplate';

export const needs = {
  admin: 'address of somebody with its role `admin`, such as its seed makes',
  password: 'theirs',
};

export async function open({ url, options }) {
  const api = `${url}/api/v1`;
  const tokensOf = ({ json }) => ({ access: json.token, refresh: json.refreshToken });
  const signIn = async ({ email, password }) =>
    tokensOf(await ask(`${api}/auth/email/login`, { json: { email, password } }));
  const person = ({ email, password }) => ({ email, password, firstName: 'Ada', lastName: 'Lovelace' });
  const admin = bearer((await signIn({ email: options.admin, password: options.password })).access);
  return {
    register: (one) => ask(`${api}/auth/email/register`, { json: person(one), expected: [204] }),
    create: (one) =>
      ask(`${api}/users`, {
        json: { ...person(one), role: { id: 2 }, status: { id: 1 } },
        headers: admin,
        expected: [201],
      }),
    signIn,
    me: ({ access }) => ask(`${api}/auth/me`, { headers: bearer(access) }),
    refresh: async ({ refresh }) =>
      tokensOf(await ask(`${api}/auth/refresh`, { method: 'POST', headers: bearer(refresh) })),
    list: async (page = 1, limit) => {
      const { json } = await ask(`${api}/users?page=${page}&limit=${limit}`, { headers: admin });
      return json.hasNextPage ? page + 1 : null;
    },
  };
}
