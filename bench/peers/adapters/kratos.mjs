import { ask } from '../http.mjs';

export const name = 'Kratos';

export const needs = { admin: 'base URL of its admin API' };

export async function open({ url, options }) {
  const identities = `${options.admin.replace(/\/+$/, '')}/admin/identities`;
  const flow = async (kind, json) => {
    const { json: begun } = await ask(`${url}/self-service/${kind}/api`);
    return ask(`${url}/self-service/${kind}?flow=${begun.id}`, { json: { method: 'password', ...json } });
  };
  const register = ({ email, password }) => flow('registration', { password, traits: { email } });
  return {
    register,
    create: register,
    signIn: async ({ email, password }) => {
      const { json } = await flow('login', { identifier: email, password });
      return { headers: { 'x-session-token': json.session_token } };
    },
    me: ({ headers }) => ask(`${url}/sessions/whoami`, { headers }),
    list: async (token, limit) => {
      const more = token ? `&page_token=${token}` : '';
      const { headers } = await ask(`${identities}?page_size=${limit}${more}`);
      return /[?&]page_token=([^&>]+)[^>]*>;\s*rel="next"/.exec([headers.link].flat().join(','))?.[1] ?? null;
    },
  };
}
