import { ask, bearer } from '../http.mjs';

export const name = 'fastapi-users';

export const needs = {};

/** It has neither refresh tokens nor a list of users. */
export async function open({ url }) {
  const register = (json) => ask(`${url}/auth/register`, { json, expected: [201] });
  return {
    register,
    create: register,
    signIn: async ({ email, password }) => {
      const { json } = await ask(`${url}/auth/jwt/login`, { form: { username: email, password } });
      return { access: json.access_token };
    },
    me: ({ access }) => ask(`${url}/users/me`, { headers: bearer(access) }),
  };
}
