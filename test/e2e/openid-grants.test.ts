import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Clock } from '../../src/config/clock.js';
import { Keyring } from '../../src/database/keyring.js';
import { Artifacts } from '../../src/openid/provider/artifacts.js';
import { OpenIdUpkeep } from '../../src/openid/provider/upkeep.js';
import { Application, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let admin: string;
let grafana: Application;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  grafana = await Application.register(roster, admin, { firstParty: true });
});
afterEach(() => void jest.restoreAllMocks());
afterAll(() => roster.stop());

async function join(name: string) {
  const joined = await roster.join(`${name}@example.com`);
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, `${name}@example.com`, PASSWORD);
  return { ...joined, browser };
}

const rowsOf = (id: string) =>
  roster.database.query<{ kind: string }>('SELECT kind FROM openid_artifacts WHERE user_id = $1', [id]);

describe('the applications of a user', () => {
  it('are listed, exported, and each can be disconnected, which ends its tokens at once', async () => {
    const { id, token, browser } = await join('connected');
    const list = () => roster.api.get(`/users/${id}/grants`).set(as(token)).expect(200);
    expect((await list()).body).toEqual({ items: [] });
    const { access_token } = await grafana.tokens(browser);
    const entry = { clientId: grafana.clientId, name: 'Grafana', scopes: ['openid', 'profile', 'email', 'roles'] };
    const since = expect.any(String) as unknown;
    expect((await list()).body).toEqual({ items: [{ ...entry, resources: [], since }] });
    const exported = await roster.api.get(`/users/${id}/export`).set(as(token)).expect(200);
    expect(JSON.stringify(exported.body)).toContain('"applications":[{');

    for (const other of ['x%00y', 'x']) {
      await roster.api.delete(`/users/${id}/grants/${other}`).set(as(token)).expect(404);
    }
    const remove = () => roster.api.delete(`/users/${id}/grants/${grafana.clientId}`).set(as(token));
    await remove().expect(204);
    await grafana.userinfo(access_token).expect(401);
    expect((await list()).body).toEqual({ items: [] });
    await remove().expect(404);
    const { body } = await roster.api.get(`/audit?userId=${id}&type=application.disconnected`).set(as(admin));
    expect((body as { items: object[] }).items).toEqual([
      expect.objectContaining({
        what: grafana.clientId,
        userId: id,
        actorId: id,
      }),
    ]);
  });

  it('are evidence, once for each session, and counted', async () => {
    const { id, browser } = await join('evidence');
    await grafana.tokens(browser);
    await grafana.tokens(browser);
    const { body } = await roster.api.get(`/audit?userId=${id}&type=application.signed_in`).set(as(admin)).expect(200);
    expect((body as { items: object[] }).items).toEqual([
      expect.objectContaining({ type: 'application.signed_in', what: grafana.clientId, userId: id }),
    ]);
    const { text } = await roster.api.get('/metrics').set(as(admin)).expect(200);
    expect(text).toMatch(new RegExp(`roster_openid_sign_ins_total\\{client="${grafana.clientId}"\\} [1-9]`));
  });

  it('are erased with the person, and gone with the application', async () => {
    const { id, browser } = await join('erased');
    await grafana.tokens(browser);
    expect((await rowsOf(id)).map(({ kind }) => kind)).toContain('RefreshToken');
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    expect(await rowsOf(id)).toEqual([]);
  });

  it('leave nothing behind when somebody is erased at the very moment', async () => {
    const { id, browser } = await join('moment');
    const client = new pg.Client({ connectionString: roster.database.url });
    await client.connect();
    const artifacts = roster.app.get(Artifacts, { strict: false });
    const change = artifacts.change.bind(artifacts);
    const spied = jest.spyOn(artifacts, 'change').mockImplementationOnce(async (...of) => {
      // As an erasure does, which commits after the key was read and before the row is there.
      await client.query('BEGIN');
      await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [id]);
      for (const table of ['openid_artifacts', 'user_keys']) {
        await client.query(`DELETE FROM ${table} WHERE user_id = $1`, [id]);
      }
      const written = change(...of);
      await sleep(300);
      await client.query('COMMIT');
      return written;
    });
    await browser.open((await grafana.begin()).path);
    expect(spied).toHaveBeenCalled();
    expect((await rowsOf(id)).filter(({ kind }) => kind === 'Consent')).toEqual([]);
    await client.end();
  });

  it('are swept when they have expired, and what a user allowed stays', async () => {
    const { id, browser } = await join('swept');
    await grafana.tokens(browser);
    await roster.database.query(
      "UPDATE openid_artifacts SET expires_at = now() - interval '2 hours'  WHERE expires_at IS NOT NULL",
    );
    await roster.app.get(OpenIdUpkeep, { strict: false }).sweep();
    expect((await rowsOf(id)).map(({ kind }) => kind)).toEqual(['Consent']);
  });
});

describe('the signing keys', () => {
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
  const published = async () =>
    ((await roster.api.get('/.well-known/jwks.json').expect(200)).body as { keys: { kid: string }[] }).keys.map(
      ({ kid }) => kid,
    );

  it('are published before they sign, and are replaced under load without signing anybody out', async () => {
    const { browser } = await join('rotation');
    const before = await grafana.tokens(browser);
    const keyring = roster.app.get(Keyring, { strict: false });
    const loaded = Promise.all(Array.from({ length: 12 }, () => grafana.tokens(browser)));
    await keyring.rotateSigning();
    const next = keyring.current('openid-rs256').id;
    const during = await loaded;
    expect(await published()).toEqual(expect.arrayContaining([kidOf(before.id_token), next]));
    for (const { id_token } of during) expect(kidOf(id_token)).toBe(kidOf(before.id_token));

    // Two minutes later it is known everywhere.
    jest
      .spyOn(roster.app.get(Clock, { strict: false }), 'now')
      .mockImplementation(() => new Date(Date.now() + 180_000));
    const rounds = await Promise.all(Array.from({ length: 12 }, () => grafana.tokens(browser)));
    for (const { id_token, access_token } of rounds) {
      expect(kidOf(id_token)).toBe(next);
      await grafana.userinfo(access_token).expect(200);
    }
    await grafana.userinfo(before.access_token).expect(200);
    await grafana.refresh(before.refresh_token ?? '');
    expect(await published()).toContain(kidOf(before.id_token));
  });
});
