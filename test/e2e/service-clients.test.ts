import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Roster } from '../support/roster.js';
import { as, TwoRosters } from '../support/two-rosters.js';
import * as openid from 'openid-client';
import { Application } from '../support/openid.js';

let two: TwoRosters;
let roster: Roster;
let admin: string;
let id: string;
beforeAll(async () => {
  two = await TwoRosters.start({ TRUST_PROXY: '127.0.0.1' });
  roster = two.one;
  admin = await roster.signIn();
  const account = { name: 'Billing', role: 'MANAGER', scopes: ['introspect'] };
  const { body } = await roster.api.post('/service-accounts').set(as(admin)).send(account).expect(201);
  ({ id } = body as { id: string });
});
afterAll(() => two.stop());

interface Key {
  readonly id: string;
  readonly key: string;
}
async function keyOf(more: object = {}): Promise<Key> {
  const wanted = { name: 'CI', ...more };
  return (await roster.api.post(`/service-accounts/${id}/keys`).set(as(admin)).send(wanted).expect(201)).body as Key;
}
const form = (request: ReturnType<Roster['api']['post']>, body: object) =>
  request.type('form').send({ grant_type: 'client_credentials', ...body });
const ask = (key: string, body: object = {}, at = roster) =>
  form(at.api.post('/oauth2/token'), { client_id: id, client_secret: key, ...body });
const tokenOf = (response: { readonly body: unknown }) => (response.body as { access_token: string }).access_token;
const told = async (token: string, at = roster) =>
  (await at.api.post('/auth/introspect').set(as(admin)).send({ token }).expect(200)).body as object;

describe('a service account as an OAuth client', () => {
  it('gets a token for one of its keys, by Basic and by the form', async () => {
    const { key } = await keyOf();
    const { body } = await ask(key, { scope: 'introspect roles' }).expect(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'introspect roles', expires_in: expect.any(Number) });
    await form(roster.api.post('/oauth2/token').auth(id, key), {}).expect(200);
  });

  it('is served by a client that nobody here wrote', async () => {
    const { key } = await keyOf();
    const application = await Application.at(roster, id, key);
    const tokens = await openid.clientCredentialsGrant(application.config, { resource: 'https://billing.example.com' });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({ sub: id, client_id: id, aud: 'https://billing.example.com' });
  });

  it('gets none for a scope that it lacks, for a wrong key, or for the key of another account', async () => {
    const { key } = await keyOf();
    expect((await ask(key, { scope: 'users:read' }).expect(400)).body).toMatchObject({ error: 'invalid_scope' });
    expect((await ask('roster_no_key').expect(401)).body).toMatchObject({ error: 'invalid_client' });
    expect((await ask('rcs_of-a-client').expect(401)).body).toMatchObject({ error: 'invalid_client' });
    const other = await roster.api
      .post('/service-accounts')
      .set(as(admin))
      .send({ name: 'Other', role: 'AUTHENTICATED' });
    await ask(key, { client_id: (other.body as Key).id }).expect(401);
  });

  it('gets none from a foreign network', async () => {
    const { key } = await keyOf({ networks: ['10.1.0.0/16'] });
    await ask(key).set('x-forwarded-for', '10.1.2.3').expect(200);
    await ask(key).set('x-forwarded-for', '10.2.2.3').expect(401);
  });

  it('uses no other grant, and its tokens open nothing of our own API', async () => {
    const { key } = await keyOf();
    await ask(key, { grant_type: 'refresh_token', refresh_token: 'x' }).expect(400);
    await ask(key, {
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: 'https://x',
      code_verifier: 'x',
    }).expect(400);
    const token = tokenOf(await ask(key).expect(200));
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.api.post('/auth/introspect').set(as(token)).send({ token }).expect(401);
  });

  it.each([
    ['opaque ones', {}],
    ['JWTs', { resource: 'https://billing.example.com' }],
  ])('loses its tokens with the key, %s: here at once, and there within 100 ms', async (_name, wanted) => {
    const { key, id: keyId } = await keyOf();
    const token = tokenOf(await ask(key, wanted).expect(200));
    const known = { active: true, sub: id, client_id: id, role: 'MANAGER' };
    for (const at of [roster, two.other]) expect(await told(token, at)).toMatchObject(known);
    await roster.api.delete(`/service-accounts/${id}/keys/${keyId}`).set(as(admin)).expect(204);
    expect(await told(token)).toEqual({ active: false });
    await ask(key).expect(401);
    await sleep(101);
    expect(await told(token, two.other)).toEqual({ active: false });
  });
});
