import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { ask, bearer } from '../http.mjs';

export const name = 'Supabase Auth';

export const needs = { secret: 'what it signs tokens with (HS256), to make one of the role `service_role`' };

export async function open({ url, options }) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { role: 'service_role', iat: now, exp: now + 86_400 };
  const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const admin = `${unsigned}.${createHmac('sha256', options.secret).update(unsigned).digest('base64url')}`;
  const tokensOf = ({ json }) => ({ access: json.access_token, refresh: json.refresh_token });
  const register = ({ email, password }) => ask(`${url}/signup`, { json: { email, password } });
  return {
    register,
    create: register,
    signIn: async ({ email, password }) =>
      tokensOf(await ask(`${url}/token?grant_type=password`, { json: { email, password } })),
    me: ({ access }) => ask(`${url}/user`, { headers: bearer(access) }),
    refresh: async ({ refresh }) =>
      tokensOf(await ask(`${url}/token?grant_type=refresh_token`, { json: { refresh_token: refresh } })),
    list: async (page = 1, limit) => {
      const { json } = await ask(`${url}/admin/users?page=${page}&per_page=${limit}`, { headers: bearer(admin) });
      return json.users.length < limit ? null : page + 1;
    },
  };
}
