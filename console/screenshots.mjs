// npm run screenshots [-- <folder>]: pictures of the console's pages, light and dark, of a database that is seeded for it. The people
// are the same each time; what is told relative to now is, too, and dates are those of the day.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { launchBrowser, startRosterProcess } from '../test/support/browser.ts';

const ROOT = resolve(import.meta.dirname, '..');
const OUT = resolve(process.argv[2] ?? join(ROOT, 'docs/images'));
const PEOPLE = '1000';
const RANDOM = '2026';
const ADMIN = { email: 'admin@localhost', password: 'nine brown foxes at dawn' };
const WIDE = { width: 1280, height: 800 };
const APPLICATIONS = [
  { name: 'Field app', redirectUris: ['com.example.field:/signed-in'], public: true },
  { name: 'Wiki', redirectUris: ['https://wiki.example.com/auth/callback'] },
  {
    name: 'Grafana',
    redirectUris: ['https://grafana.example.com/login/generic_oauth'],
    backchannelLogoutUri: null,
    firstParty: true,
    claimsInIdToken: true,
  },
];
const WEBHOOKS = [
  { url: 'https://crm.example.com/hooks/roster', description: 'CRM' },
  { url: 'https://audit.example.com/events', description: 'Audit trail', types: ['user.suspended', 'user.erased'] },
];

const dataDir = mkdtempSync(join(tmpdir(), 'roster-screenshots-'));
// Reachable for the account that PostgreSQL runs as, where this runs as root.
chmodSync(dataDir, 0o755);
const settings = { DATA_DIR: dataDir, ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };
let roster;
let browser;
// Light and dark show the same.
let madeBefore;
try {
  console.log(`Seeding ${PEOPLE} people ...`);
  const seed = [join(ROOT, 'dist/cli.js'), 'seed', '--users', PEOPLE, '--random', RANDOM];
  await promisify(execFile)(process.execPath, seed, { cwd: dataDir, env: { ...process.env, ...settings } });
  roster = await startRosterProcess(settings);
  browser = await launchBrowser();
  mkdirSync(OUT, { recursive: true });
  await furnish();
  for (const colorScheme of ['light', 'dark']) await takeAll(colorScheme);
} finally {
  await browser?.close();
  await roster?.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** What the seed does not bring: applications and webhooks, which send nothing anywhere. */
async function furnish() {
  const signedIn = await call('POST', '/auth/login', { identifier: ADMIN.email, password: ADMIN.password });
  const headers = { authorization: `Bearer ${signedIn.accessToken}` };
  for (const application of APPLICATIONS) await call('POST', '/clients', application, headers);
  for (const webhook of WEBHOOKS) await call('POST', '/webhooks', webhook, headers);
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(`${roster.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function takeAll(colorScheme) {
  const context = await browser.newContext({
    colorScheme,
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    viewport: WIDE,
  });
  const page = await context.newPage();
  await page.goto(`${roster.url}/sign-in?continue=/console`);
  await page.locator('input[name="identifier"]').fill(ADMIN.email);
  await page.locator('input[name="password"]').fill(ADMIN.password);
  await page.locator('form button[type="submit"]').first().click();
  await page.waitForURL('**/console/people**');
  for (const { name, path } of await pages(page)) {
    await page.goto(`${roster.url}${path}`);
    await page.locator('main h1').waitFor();
    await hideFirstSteps(page);
    // Names of people in the rows, and what else a page asks for once it has the rest.
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(1500);
    await page.waitForLoadState('networkidle');
    const file = join(OUT, `console-${name}${colorScheme === 'dark' ? '-dark' : ''}.png`);
    await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
    console.log(file);
  }
  await context.close();
}

/** They are there while something is left to do, as it is here; once hidden, they stay so. */
async function hideFirstSteps(page) {
  const hide = page.getByRole('button', { name: 'Hide these steps' });
  await page.waitForLoadState('networkidle');
  if (await hide.isVisible()) await hide.click();
}

/** One with keys, of which one is used: the seed has none. @returns its id */
async function serviceAccount(page) {
  if (madeBefore !== undefined) return madeBefore;
  const headers = { 'sec-fetch-site': 'same-origin' };
  const post = async (path, data) => {
    const answer = await page.request.post(`${roster.url}${path}`, { headers, data });
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  };
  const scopes = ['introspect', 'revocations:read'];
  const { id } = await post('/service-accounts', { name: 'Billing', role: 'AUTHENTICATED', scopes });
  const networks = ['10.1.0.0/16'];
  await post(`/service-accounts/${id}/keys`, { name: 'production', networks, expiresAt: '2099-01-01T00:00:00Z' });
  const { key } = await post(`/service-accounts/${id}/keys`, { name: 'staging' });
  const authorization = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  await fetch(`${roster.url}/auth/introspect`, { method: 'POST', headers: authorization, body: '{"token":"none"}' });
  return (madeBefore = id);
}

/** The pages, and the people whom they are about. */
async function pages(page) {
  const first = async (query) => {
    const answer = await page.request.get(`${roster.url}/users?limit=1&${query}`);
    const [user] = (await answer.json()).items;
    if (!user) throw new Error(`Nobody was seeded who is found by ${query}`);
    return user;
  };
  const suspended = await first('status=SUSPENDED&sort=-lastLoginAt');
  const locked = await first('status=LOCKED');
  const service = await serviceAccount(page);
  const applications = await (await page.request.get(`${roster.url}/clients`)).json();
  return [
    { name: 'people', path: '/console/people' },
    { name: 'person', path: `/console/people/${suspended.id}` },
    { name: 'help', path: `/console/help?about=${encodeURIComponent(locked.email)}` },
    { name: 'events', path: '/console/events' },
    { name: 'webhooks', path: '/console/webhooks' },
    { name: 'service-accounts', path: `/console/service-accounts/${service}` },
    { name: 'applications', path: '/console/applications' },
    { name: 'application', path: `/console/applications/${applications.items[0].clientId}` },
    { name: 'health', path: '/console/health' },
  ];
}
