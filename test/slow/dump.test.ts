import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { Application, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { addTotp, ticketOf } from '../support/totp.js';
import { as, type SignedIn } from '../support/two-rosters.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('a dump of the database', () => {
  it('holds no text that signs anybody in', async () => {
    await roster.join('dumped@example.com');
    const login = { identifier: 'dumped@example.com', password: PASSWORD };
    const first = (await roster.api.post('/auth/login').send(login).expect(200)).body as SignedIn;
    const session = (await refresh(first.refreshToken).expect(200)).body as SignedIn;
    await roster.api.post('/auth/register').send({ email: 'waits@example.com', password: PASSWORD }).expect(202);
    await roster.inbox.waitFor('waits@example.com');

    const owner = await roster.join('factor@example.com');
    const { secret, recoveryCodes } = await addTotp(roster, owner.token);
    const step = { identifier: 'factor@example.com', password: PASSWORD };
    const [ticketId, ticketMac] = ticketOf(await roster.api.post('/auth/login').send(step)).split('.') as [
      string,
      string,
    ];

    const text = await dump();
    for (const code of recoveryCodes) {
      for (const form of [code, code.replace('-', ''), Buffer.from(code.replace('-', '')).toString('hex')]) {
        expect(text).not.toContain(form);
      }
    }
    for (const form of [secret, Buffer.from(secret).toString('hex'), ticketMac]) expect(text).not.toContain(form);
    const [id, generation, mac] = session.refreshToken.split('.') as [string, string, string];
    expect(text).toContain(id);
    expect(text).not.toContain(mac);
    const strings = new Set(text.match(/[A-Za-z0-9_.+/=@$-]{16,}/g));
    // What is binary may be read in more than one way.
    for (const [, hex] of text.matchAll(/\\\\x([0-9a-f]{32,})/g)) {
      for (const encoding of ['base64url', 'base64'] as const) strings.add(Buffer.from(hex!, 'hex').toString(encoding));
    }
    expect(strings.size).toBeGreaterThan(50);
    const found: string[] = [];
    for (const string of strings) {
      const answers = await Promise.all([
        roster.app.inject({ url: '/users/me', headers: as(string) }),
        post('/auth/refresh', { refreshToken: string }),
        post('/auth/refresh', { refreshToken: `${id}.${generation}.${string}` }),
        post('/auth/verify-email', { token: string }),
      ]);
      const guess = await post('/auth/second-factor', {
        token: `${ticketId}.${string}`,
        method: 'totp',
        code: '000000',
      });
      if (guess.statusCode === 403 || answers.some(({ statusCode }) => statusCode < 400)) found.push(string);
    }
    expect(found).toEqual([]);
    await refresh(session.refreshToken).expect(200);
  });
});

describe('a dump of what applications were given', () => {
  it('holds no text that is a token, a code or a secret of an application', async () => {
    const app = await Application.register(roster, await roster.signIn(), { firstParty: true });
    await roster.join('application@example.com');
    const browser = new PageBrowser(roster);
    await signInOnPage(browser, 'application@example.com', PASSWORD);
    const tokens = await app.tokens(browser);
    const unused = (await app.comeBack(browser)).back.searchParams.get('code') ?? '';
    const text = await dump('clients', 'client_secrets', 'openid_artifacts');
    for (const secret of [tokens.access_token, tokens.refresh_token, unused, app.clientSecret]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(String(secret)).toString('hex'));
    }
    expect(text).not.toContain('application@example.com');
    const strings = new Set(text.match(/[A-Za-z0-9_.+/=@$-]{16,}/g));
    for (const [, hex] of text.matchAll(/\\\\x([0-9a-f]{32,200})"/g)) {
      for (const encoding of ['base64url', 'base64'] as const) strings.add(Buffer.from(hex!, 'hex').toString(encoding));
    }
    expect(strings.size).toBeGreaterThan(20);
    const found: string[] = [];
    for (const string of strings) {
      const [userinfo, refreshed, secret] = await Promise.all([
        roster.app.inject({ url: '/oauth2/userinfo', headers: as(string) }),
        app.post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: string }),
        roster.api
          .post('/auth/introspect')
          .type('form')
          .auth(app.clientId, string)
          .send({ token: tokens.access_token }),
      ]);
      if (userinfo.statusCode < 400 || refreshed.status < 400 || secret.status < 400) found.push(string);
    }
    expect(found).toEqual([]);
    await app.userinfo(tokens.access_token).expect(200);
  });
});

/** Without a socket: there are hundreds. */
const post = (url: string, payload: object) => roster.app.inject({ method: 'POST', url, payload });
const refresh = (refreshToken: string) => roster.api.post('/auth/refresh').send({ refreshToken });

/** Every row of our tables, or of some, as text. */
async function dump(...only: string[]): Promise<string> {
  const tables = await roster.database.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')",
  );
  let text = '';
  for (const { name } of tables.filter((table) => only.length === 0 || only.includes(table.name.split('.')[1]!))) {
    const rows = await roster.database.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} AS t`);
    text += rows.map(({ row }) => `${row}\n`).join('');
  }
  return text;
}
