import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { transformFile } from '@swc/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { launchBrowser } from '../support/browser.js';
import { eventually, freePort } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

const IMPORTS = { '@roster/client': '/client.js', 'openapi-fetch': '/openapi-fetch.js' };
const PAGE = `<!doctype html><html lang="en"><title>Application</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
import { RosterClient } from '@roster/client';
const [baseUrl, session] = [new URLSearchParams(location.search).get('roster'), location.hash.slice(1)];
const store = {
  get: () => JSON.parse(localStorage.getItem('tokens') ?? 'null') ?? undefined,
  set: (tokens) => (tokens ? localStorage.setItem('tokens', JSON.stringify(tokens)) : localStorage.removeItem('tokens')),
};
globalThis.client = new RosterClient({ baseUrl, session, store });
globalThis.me = async () => (await client.api.GET('/users/{id}', { params: { path: { id: 'me' } } })).response.status;
globalThis.expire = () => store.set({ ...store.get(), expiresAt: 0 });
</script>`;

let roster: Roster;
let server: Server;
let browser: Browser;
let address: string;
beforeAll(async () => {
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  roster = await startRoster({ CORS_ORIGINS: address });
  const ofClient = (file: string) => join(PACKAGE_ROOT, 'packages/client/src', `${file}.ts`);
  const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } } as const;
  const scripts = new Map<string, string>();
  for (const file of ['index', 'client', 'session']) {
    scripts.set(
      `/${file === 'index' ? 'client' : `${file}-part`}.js`,
      (await transformFile(ofClient(file), options)).code,
    );
  }
  scripts.set(
    '/openapi-fetch.js',
    readFileSync(join(PACKAGE_ROOT, 'node_modules/openapi-fetch/dist/index.mjs'), 'utf8'),
  );
  server = createServer(({ url = '' }, response) => {
    const script = scripts.get(url);
    if (script === undefined) response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    else {
      const text = script.replace(/\.\/(client|session)\.js/g, './$1-part.js');
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
    }
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await roster.stop();
});

async function open(context: BrowserContext, session: 'tokens' | 'cookie'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${address}/?roster=${encodeURIComponent(roster.url)}#${session}`);
  await page.waitForFunction('globalThis.me !== undefined');
  return page;
}

const statusOf = (page: Page) => page.evaluate<number>('me()');
const signIn = (page: Page, email: string) =>
  page.evaluate<number>(`client.signIn('${email}', '${PASSWORD}').then(({ response }) => response.status)`);
const tokensIn = (page: Page) => page.evaluate<string | null>("localStorage.getItem('tokens')");
/** Each tab has a process of its own, and hears of what another wrote into their storage a moment later. */
const waitForTokens = (page: Page, tokens: string | null) =>
  page.waitForFunction(`localStorage.getItem('tokens') === ${JSON.stringify(tokens)}`);

describe('the client in Chromium', () => {
  it('refreshes in two tabs at once, with answers that are lost, and hears of an end elsewhere', async () => {
    const { id } = await roster.join('tabs@example.com');
    const context = await browser.newContext();
    const [one, other] = [await open(context, 'tokens'), await open(context, 'tokens')];
    expect(await signIn(one, 'tabs@example.com')).toBe(200);
    await waitForTokens(other, await tokensIn(one));
    expect(await statusOf(other)).toBe(200);
    for (let round = 0; round < 3; round++) {
      await one.evaluate('expire()');
      expect(await Promise.all([statusOf(one), statusOf(other), statusOf(one)])).toEqual([200, 200, 200]);
    }
    let lost = 0;
    await context.route('**/auth/refresh', async (route) => {
      await route.fetch();
      if (lost++ === 0) await route.abort('connectionreset');
      else await route.continue();
    });
    await one.evaluate('expire()');
    expect(await Promise.all([statusOf(one), statusOf(other)])).toEqual([200, 200]);
    expect(lost).toBeGreaterThan(1);
    await context.unrouteAll();
    await eventually('one view of the storage', async () => (await tokensIn(other)) === (await tokensIn(one)));

    const elsewhere = await roster.signIn('tabs@example.com', PASSWORD);
    await roster.api.delete(`/users/${id}/sessions`).set(as(elsewhere)).expect(204);
    expect(await statusOf(other)).toBe(401);
    await waitForTokens(one, null);
    expect(await statusOf(one)).toBe(401);
    await context.close();
  });

  it('keeps a session in a cookie that no script sees, for every tab, until it ends anywhere', async () => {
    const { id } = await roster.join('cookie@example.com');
    const context = await browser.newContext();
    const [one, other] = [await open(context, 'cookie'), await open(context, 'cookie')];
    expect(await signIn(one, 'cookie@example.com')).toBe(200);
    expect(await Promise.all([statusOf(one), statusOf(other)])).toEqual([200, 200]);
    expect(await one.evaluate('document.cookie')).toBe('');
    expect(await tokensIn(one)).toBeNull();
    const elsewhere = await roster.signIn('cookie@example.com', PASSWORD);
    await roster.api.delete(`/users/${id}/sessions`).set(as(elsewhere)).expect(204);
    expect(await Promise.all([statusOf(one), statusOf(other)])).toEqual([401, 401]);
    expect(await signIn(other, 'cookie@example.com')).toBe(200);
    await one.evaluate('client.signOut()');
    expect(await statusOf(other)).toBe(401);
    await context.close();
  });
});
