import { ask, basic, bearer, Jar } from '../http.mjs';
import { CALLBACK, codeFlowOf } from '../code-flow.mjs';

export const name = 'Keycloak';
const REALM = 'measured';
const CLIENT = { clientId: 'measured', secret: 'a-secret-of-the-client' };
/** Since 26.6.2, only who is in a token's audience may introspect it. */
const AUDIENCE = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.client.audience': CLIENT.clientId,
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
};

export const needs = { admin: 'name of an admin of the master realm, who may add a realm', password: 'theirs' };

/** @param options may have a `policy` of passwords, such as `hashAlgorithm(pbkdf2-sha512) and hashIterations(1)` */
export async function open({ url, options }) {
  const realm = `${url}/realms/${REALM}`;
  const token = `${realm}/protocol/openid-connect/token`;
  const client = basic(CLIENT.clientId, CLIENT.secret);
  let admin;
  // Lives for a minute.
  async function asAdmin() {
    if (admin && admin.until > Date.now()) return bearer(admin.token);
    const form = {
      grant_type: 'password',
      client_id: 'admin-cli',
      username: options.admin,
      password: options.password,
    };
    const { json } = await ask(`${url}/realms/master/protocol/openid-connect/token`, { form });
    admin = { token: json.access_token, until: Date.now() + (json.expires_in - 20) * 1000 };
    return bearer(admin.token);
  }
  const users = `${url}/admin/realms/${REALM}/users`;
  await ask(`${url}/admin/realms`, {
    headers: await asAdmin(),
    expected: [201, 409],
    json: {
      realm: REALM,
      enabled: true,
      sslRequired: 'none',
      ...(options.policy && { passwordPolicy: options.policy }),
      clients: [
        {
          ...CLIENT,
          enabled: true,
          redirectUris: [CALLBACK],
          standardFlowEnabled: true,
          directAccessGrantsEnabled: true,
          protocolMappers: [AUDIENCE],
        },
      ],
    },
  });
  const create = async ({ email, password }) =>
    ask(users, {
      headers: await asAdmin(),
      expected: [201],
      json: {
        ...{ username: email, email, emailVerified: true, enabled: true, firstName: 'Ada', lastName: 'Lovelace' },
        credentials: [{ type: 'password', value: password }],
      },
    });
  const tokensOf = ({ json }) => ({ access: json.access_token, refresh: json.refresh_token });
  return {
    register: create,
    create,
    signIn: async ({ email, password }) =>
      tokensOf(
        await ask(token, {
          headers: client,
          form: { grant_type: 'password', username: email, password, scope: 'openid' },
        }),
      ),
    me: ({ access }) => ask(`${realm}/protocol/openid-connect/userinfo`, { headers: bearer(access) }),
    refresh: async ({ refresh }) =>
      tokensOf(await ask(token, { headers: client, form: { grant_type: 'refresh_token', refresh_token: refresh } })),
    list: async (first = 0, limit) => {
      const { json } = await ask(`${users}?first=${first}&max=${limit}`, { headers: await asAdmin() });
      return json.length < limit ? null : first + limit;
    },
    openid: (person) =>
      codeFlowOf({
        authorize: `${realm}/protocol/openid-connect/auth`,
        token,
        introspect: `${token}/introspect`,
        client: { id: CLIENT.clientId, headers: client },
        signIn: (jar, page) => jar.submit(page, CALLBACK, { username: person.email, password: person.password }),
        jar: new Jar(),
      }),
  };
}
