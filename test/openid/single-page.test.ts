import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { collectComplaints, launchBrowser } from '../support/browser.js';
import { expectAccessible } from '../support/journey.js';
import { PASSWORD } from '../support/roster.js';
import { fromDocs, withValues } from './software/from-docs.js';
import { installNpm } from './software/install.js';
import { emailOf, Ground } from './support/ground.js';

const MODULES = {
  'oidc-client-ts': 'oidc-client-ts/dist/esm/oidc-client-ts.js',
  'jwt-decode': 'jwt-decode/build/esm/index.js',
};
const imports = Object.fromEntries(Object.keys(MODULES).map((name) => [name, `/${name}.js`]));
const DOCUMENT = `<!doctype html><html lang="en"><title>Application</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
<h1></h1><button>Sign out</button>
<script type="module" src="/page.js"></script>`;

let ground: Ground;
let server: Server;
let address: string;
let browser: Browser;
let userId: string;
beforeAll(async () => {
  ground = await Ground.start({ ACCESS_TOKEN_TTL: '8s' });
  const modules = await installNpm();
  server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { clientId } = await ground.register({
    name: 'Single page',
    public: true,
    redirectUris: [`${address}/`],
    postLogoutRedirectUris: [`${address}/signed-out`],
  });
  const page = withValues(fromDocs('page.js'), {
    'http://localhost:3000': ground.issuer,
    'http://localhost:8080': address,
    CLIENT_ID: clientId,
  });
  const scripts = new Map([['/page.js', page]]);
  for (const [name, file] of Object.entries(MODULES)) {
    scripts.set(`/${name}.js`, readFileSync(join(modules, file), 'utf8'));
  }
  server.on('request', ({ url = '' }, response) => {
    const script = scripts.get(url);
    if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (url === '/signed-out') response.end('Signed out');
    else response.writeHead(200, { 'content-type': 'text/html' }).end(DOCUMENT);
  });
  userId = await ground.person('ada');
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await ground.stop();
});

/** Signs in, with consent, which is asked for each time: another program may listen on this port (RFC 8252, 8.6). */
async function signIn(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${address}/`);
  await page.locator('#identifier').fill(emailOf('ada'));
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(/\/oauth2\/interaction\//);
  await expectAccessible(page);
  await page.locator('form button').first().click();
  await page.locator('h1', { hasText: 'is MANAGER' }).waitFor();
  return page;
}

describe('oidc-client-ts in Chromium', () => {
  it("signs somebody in after an accessible page of consent, and refreshes across origins without a page's complaint", async () => {
    const context = await browser.newContext();
    const complaints = collectComplaints(context);
    const page = await signIn(context);
    const first = await page.locator('h1').innerText();
    expect(first).toContain(`${emailOf('ada')} is MANAGER`);
    await page.waitForFunction(`document.querySelector('h1').textContent !== ${JSON.stringify(first)}`);
    expect(await page.locator('h1').innerText()).toContain(`${emailOf('ada')} is MANAGER`);
    expect(complaints).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${address}/signed-out`);
    await context.close();
  });

  it('says that somebody is signed out when the session has ended at Roster', async () => {
    const context = await browser.newContext();
    const page = await signIn(context);
    await ground.endSessions(userId);
    await page.locator('h1', { hasText: 'Signed out' }).waitFor();
    await context.close();
  });
});
