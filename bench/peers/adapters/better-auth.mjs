import { URL } from 'node:url';
import { ask } from '../http.mjs';

export const name = 'Better Auth';

export const needs = { admin: 'address of somebody with the role of its admin plugin', password: 'theirs' };

export async function open({ url, options }) {
  const headers = { origin: new URL(url).origin };
  const post = (path, json) => ask(`${url}/api/auth${path}`, { json, headers });
  const signIn = async (person) => {
    const answer = await post('/sign-in/email', person);
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    return { cookie: cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ') };
  };
  const register = ({ email, password }) => post('/sign-up/email', { name: 'Ada Lovelace', email, password });
  let admin;
  return {
    register,
    create: register,
    signIn,
    me: async (session) => {
      const { json } = await ask(`${url}/api/auth/get-session`, { headers: session });
      if (!json?.user) throw new Error('Not signed in');
    },
    list: async (offset = 0, limit) => {
      admin ??= await signIn({ email: options.admin, password: options.password });
      const { json } = await ask(`${url}/api/auth/admin/list-users?limit=${limit}&offset=${offset}`, {
        headers: admin,
      });
      return json.users.length < limit ? null : offset + limit;
    },
  };
}
