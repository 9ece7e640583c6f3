import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PollInterval } from '../../src/async/poll-interval.js';
import { ExpiredSessions } from '../../src/openid/logout/expired-sessions.js';
import { LogoutDispatcher } from '../../src/openid/logout/logout-dispatcher.js';
import { eventually } from '../support/eventually.js';
import { Application, ISSUER, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

interface Told {
  readonly type: string | undefined;
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  readonly token: string;
}

/** The back-channel of an application: a real HTTP server, which can be down. */
class BackChannel {
  readonly told: Told[] = [];
  status = 200;
  port = 0;
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '';
        const [header = {}, claims = {}] = token
          .split('.', 2)
          .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
        this.told.push({ type: request.headers['content-type'], header, claims, token });
        response.writeHead(this.status).end();
      });
    });
    await new Promise<void>((listening) => this.server?.listen(this.port, '127.0.0.1', listening));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((closed) => this.server?.close(closed));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/backchannel`;
  }
}

const channel = new BackChannel();
let roster: Roster;
let admin: string;
let grafana: Application;
beforeAll(async () => {
  await channel.start();
  roster = await startRoster();
  admin = await roster.signIn();
  grafana = await register();
});
beforeEach(() => void channel.told.splice(0));
afterAll(async () => {
  await roster.stop();
  await channel.stop();
});

const register = (more: object = {}) =>
  Application.register(roster, admin, { firstParty: true, backchannelLogoutUri: channel.url, ...more });

interface Somebody {
  readonly id: string;
  readonly email: string;
  readonly browser: PageBrowser;
  /** Of the id_token. */
  readonly sid: unknown;
}

let count = 0;
/** Somebody who has signed in to these applications. */
async function signedIn(...applications: Application[]): Promise<Somebody> {
  const email = `somebody-${++count}@example.com`;
  const { id } = await roster.join(email);
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, email, PASSWORD);
  let sid: unknown;
  for (const application of applications) {
    const { id_token } = await application.tokens(browser);
    ({ sid } = JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString()) as { sid: unknown });
  }
  return { id, email, browser, sid };
}

const act = (id: string, what: string, body: object = {}) =>
  roster.api.post(`/users/${id}/${what}`).set(as(admin)).send(body);
const query = (sql: string, ...values: unknown[]) => roster.database.query<Record<string, unknown>>(sql, values);
const hurry = async () => {
  await query("UPDATE logout_deliveries SET next_attempt_at = now() WHERE state = 'pending'");
  roster.app.get(LogoutDispatcher, { strict: false }).wake();
};
const isTold = async (times = 1) => eventually(() => channel.told.length >= times);
const deliveries = async (clientId: string, state = '') => {
  const { body } = await roster.api.get(`/clients/${clientId}/logouts${state}`).set(as(admin)).expect(200);
  return (body as { items: Record<string, unknown>[] }).items;
};

describe('The logout token that an application gets', () => {
  it.each(['RS256', 'ES256'] as const)('is signed with %s and names session and user, and no nonce', async (alg) => {
    const application = await register({ idTokenSignedResponseAlg: alg });
    const { id, browser, sid } = await signedIn(application);
    await browser.post('/sign-out');
    await isTold();
    const [{ type, header, claims, token }] = channel.told as [Told];
    expect(type).toBe('application/x-www-form-urlencoded');
    expect(header).toMatchObject({ alg, typ: 'logout+jwt' });
    const { iat, exp, jti, ...named } = claims as { iat: number; exp: number; jti: string };
    expect(named).toEqual({
      iss: ISSUER,
      aud: application.clientId,
      sub: id,
      sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(exp - iat).toBe(120);
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(60);

    const { body } = await roster.api.get('/.well-known/jwks.json').expect(200);
    const jwk = (body as { keys: JsonWebKey[] }).keys.find(({ kid }) => kid === header['kid']);
    const signed = token.slice(0, token.lastIndexOf('.'));
    const signature = token.slice(signed.length + 1);
    const key = createPublicKey({ key: jwk!, format: 'jwk' });
    const dsaEncoding = 'ieee-p1363';
    expect(verify('sha256', Buffer.from(signed), { key, dsaEncoding }, Buffer.from(signature, 'base64url'))).toBe(true);
  });
});

describe('An application is told', () => {
  it.each<[string, (somebody: Somebody) => Promise<unknown>]>([
    ['the person signs out', ({ browser }) => browser.post('/sign-out')],
    ['staff ends the sessions', ({ id }) => roster.api.delete(`/users/${id}/sessions`).set(as(admin)).expect(204)],
    ['the person is suspended', ({ id }) => act(id, 'suspend').expect(200)],
    ['the person is deleted', ({ id }) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204)],
    ['the person is erased', ({ id }) => act(id, 'erase').expect(204)],
    [
      'the password is changed elsewhere',
      async ({ id, email }) => {
        const token = await roster.signIn(email, PASSWORD);
        const body = { currentPassword: PASSWORD, newPassword: 'seven idle boats on slate water' };
        await roster.api.put(`/users/${id}/password`).set(as(token)).send(body).expect(204);
      },
    ],
    [
      'nobody used the session for too long',
      async ({ id }) => {
        await query('UPDATE sessions SET idle_expires_at = now() WHERE user_id = $1', id);
        expect(await roster.app.get(ExpiredSessions, { strict: false }).end()).toBe(1);
      },
    ],
    [
      'the session is too old',
      async ({ id }) => {
        await query('UPDATE sessions SET absolute_expires_at = now() WHERE user_id = $1', id);
        expect(await roster.app.get(ExpiredSessions, { strict: false }).end()).toBe(1);
      },
    ],
    [
      'the session is ended in the database, as by an older release',
      ({ id }) => query('UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL', id),
    ],
  ])('when %s', async (_why, happens) => {
    const somebody = await signedIn(grafana);
    await happens(somebody);
    roster.app.get(LogoutDispatcher, { strict: false }).wake();
    await isTold();
    expect(channel.told.map(({ claims }) => [claims['sub'], claims['sid']])).toEqual([[somebody.id, somebody.sid]]);
  });

  it('once, and every one of several that the session signed in to', async () => {
    const other = await register({ name: 'Other' });
    const silent = await register({ name: 'Silent', backchannelLogoutUri: null });
    const { browser, id } = await signedIn(grafana, other, silent);
    await signedIn(grafana);
    await browser.post('/sign-out');
    await isTold(2);
    const audiences = channel.told.map(({ claims }) => claims['aud']);
    expect(audiences.sort()).toEqual([grafana.clientId, other.clientId].sort());
    expect(channel.told.map(({ claims }) => claims['sub'])).toEqual([id, id]);
  });

  it('at no change of role: the browser stays signed in', async () => {
    const { id } = await signedIn(grafana);
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    expect(await query('SELECT FROM logout_deliveries WHERE user_id = $1', id)).toEqual([]);
  });

  it('in the transaction that ends the session, or not at all', async () => {
    const { id } = await signedIn(grafana);
    await query(`DO $$ BEGIN
      UPDATE sessions SET ended_at = now() WHERE user_id = '${id}';
      RAISE EXCEPTION 'rolled back';
    END $$`).catch(() => undefined);
    expect(await query('SELECT FROM logout_deliveries WHERE user_id = $1', id)).toEqual([]);
  });
});

describe('While nothing was sent for long, an application is told at once', () => {
  beforeEach(() => void jest.spyOn(PollInterval.prototype, 'ms', 'get').mockReturnValue(600_000));
  afterEach(() => void jest.restoreAllMocks());
  /** Lets the dispatcher begin a wait of the quiet interval. */
  const rest = async () => {
    roster.app.get(LogoutDispatcher, { strict: false }).wake();
    await sleep(200);
  };

  it.each<[string, (somebody: Somebody) => Promise<unknown>]>([
    ['of a session that this server ended', ({ browser }) => browser.post('/sign-out')],
    [
      'of a grant that this server ended',
      ({ id }) => roster.api.delete(`/users/${id}/grants/${grafana.clientId}`).set(as(admin)).expect(204),
    ],
    [
      'of a session that was ended elsewhere, once this server hears of it',
      async ({ id }) => {
        await query('UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL', id);
        await query('NOTIFY roster_revocations');
      },
    ],
  ])('%s', async (_what, happens) => {
    const somebody = await signedIn(grafana);
    await rest();
    await happens(somebody);
    await isTold();
  });
});

describe('A grant that ends before its session', () => {
  const disconnect = (id: string, { clientId }: Application) =>
    roster.api.delete(`/users/${id}/grants/${clientId}`).set(as(admin)).expect(204);

  it.each<[string, (application: Application, somebody: Somebody) => Promise<unknown>]>([
    ['the person is disconnected', (application, { id }) => disconnect(id, application)],
    [
      'a code is used twice',
      async (application, { browser }) => {
        const answer = await application.comeBack(browser);
        await application.exchange(answer);
        await expect(application.exchange(answer)).rejects.toThrow();
      },
    ],
    [
      'the application revokes its refresh token',
      async (application, { browser }) => {
        const { refresh_token: token = '' } = await application.tokens(browser, { scope: 'openid offline_access' });
        await application.post('/oauth2/revoke', { token }).expect(200);
      },
    ],
  ])('is told to the application when %s, and not again with the session', async (_why, happens) => {
    const application = await register();
    const somebody = await signedIn(application);
    await happens(application, somebody);
    roster.app.get(LogoutDispatcher, { strict: false }).wake();
    await eventually(async () => (await deliveries(application.clientId))[0]?.['state'] === 'delivered');
    await somebody.browser.post('/sign-out');
    await hurry();
    expect(channel.told.map(({ claims }) => [claims['aud'], claims['sid']])).toEqual([
      [application.clientId, somebody.sid],
    ]);
    expect(await deliveries(application.clientId)).toMatchObject([{ state: 'delivered' }]);
  });

  it('is told again at the end of the session, where the person came back to the application', async () => {
    const application = await register();
    const { id, browser } = await signedIn(application);
    await disconnect(id, application);
    roster.app.get(LogoutDispatcher, { strict: false }).wake();
    await eventually(async () => (await deliveries(application.clientId))[0]?.['state'] === 'delivered');
    await application.tokens(browser);
    await browser.post('/sign-out');
    await isTold(2);
  });

  it('is told to nobody once it has expired, or its application is deleted', async () => {
    const [expired, deleted] = [await register(), await register()];
    const { id } = await signedIn(expired, deleted);
    await query(
      "UPDATE openid_artifacts SET expires_at = now() - interval '1 day' WHERE client_id = $1",
      expired.clientId,
    );
    await query('DELETE FROM openid_artifacts WHERE client_id = $1', expired.clientId);
    await roster.api.delete(`/clients/${deleted.clientId}`).set(as(admin)).expect(204);
    expect(await query('SELECT FROM logout_deliveries WHERE user_id = $1', id)).toEqual([]);
  });
});

describe('A logout token', () => {
  it('arrives although the application was down, and refused it at first', async () => {
    const { browser, id } = await signedIn(grafana);
    await channel.stop();
    await browser.post('/sign-out');
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['failedAttempts'] === 1);
    const [waiting] = await deliveries(grafana.clientId, '?state=pending');
    expect(waiting).toMatchObject({ userId: id, state: 'pending', lastStatus: null });
    expect(String(waiting?.['lastError'])).toContain('ECONNREFUSED');
    // Five seconds after the first attempt, a minute after the second one.
    const wait = Date.parse(String(waiting?.['nextAttemptAt'])) - Date.parse(String(waiting?.['lastAttemptAt']));
    expect(wait).toBeGreaterThanOrEqual(5000);
    channel.status = 503;
    await channel.start();
    await hurry();
    await isTold();
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['failedAttempts'] === 2);
    channel.status = 200;
    await hurry();
    await isTold(2);
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['state'] === 'delivered');
    // A new one each time: the first would have expired.
    expect(new Set(channel.told.map(({ claims }) => claims['jti'])).size).toBe(2);
  });

  it('that was given up after a day is sent again when an admin says so', async () => {
    const { browser } = await signedIn(grafana);
    channel.status = 400;
    await browser.post('/sign-out');
    await isTold();
    await query("UPDATE logout_deliveries SET tries = 8 WHERE state = 'pending'");
    await hurry();
    await eventually(async () => (await deliveries(grafana.clientId, '?state=failed')).length === 1);
    const [failed] = await deliveries(grafana.clientId, '?state=failed');
    expect(failed).toMatchObject({ lastError: 'answered 400', nextAttemptAt: null });
    channel.status = 200;
    const resend = `/clients/${grafana.clientId}/logouts/${String(failed?.['id'])}/resend`;
    await roster.api.post(resend).set(as(admin)).expect(202);
    await eventually(async () => (await deliveries(grafana.clientId, '?state=failed')).length === 0);
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['state'] === 'delivered');
    const unknown = `/clients/${grafana.clientId}/logouts/${grafana.clientId}/resend`;
    await roster.api.post(unknown).set(as(admin)).expect(404);
  });

  it('goes nowhere but to allowed addresses, and follows no redirect', async () => {
    const { browser } = await signedIn(grafana);
    const uri = 'http://169.254.169.254/latest';
    await query('UPDATE clients SET backchannel_logout_uri = $2 WHERE id = $1', grafana.clientId, uri);
    await browser.post('/sign-out');
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['failedAttempts'] === 1);
    expect(String((await deliveries(grafana.clientId))[0]?.['lastError'])).toContain('not an allowed address');
    await query('UPDATE clients SET backchannel_logout_uri = $2 WHERE id = $1', grafana.clientId, channel.url);
    channel.status = 302;
    await hurry();
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['failedAttempts'] === 2);
    expect((await deliveries(grafana.clientId))[0]).toMatchObject({
      lastError: 'answered 302; redirects are not followed',
    });
    channel.status = 200;
    await hurry();
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['state'] === 'delivered');
  });

  it('is in the export of its person, who is erased with what was delivered', async () => {
    const { browser, id } = await signedIn(grafana);
    await browser.post('/sign-out');
    await isTold();
    await eventually(async () => (await deliveries(grafana.clientId))[0]?.['state'] === 'delivered');
    const exported = await roster.api.get(`/users/${id}/export`).set(as(admin)).expect(200);
    expect(JSON.stringify(exported.body)).toContain('"logoutTokens":[{"application":"Grafana"');
    await act(id, 'erase').expect(204);
    expect(await query('SELECT FROM logout_deliveries WHERE user_id = $1', id)).toEqual([]);
  });
});

describe('A client that is deleted', () => {
  it('takes its tokens with it', async () => {
    const application = await register();
    const { browser } = await signedIn();
    const tokens = await application.tokens(browser);
    await application.userinfo(tokens.access_token).expect(200);
    await roster.api.delete(`/clients/${application.clientId}`).set(as(admin)).expect(204);
    await application.userinfo(tokens.access_token).expect(401);
    expect(await query('SELECT FROM openid_artifacts WHERE client_id = $1', application.clientId)).toEqual([]);
  });
});
