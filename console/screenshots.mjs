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

const dataDir = mkdtempSync(join(tmpdir(), 'roster-screenshots-'));
// Reachable for the account that PostgreSQL runs as, where this runs as root.
chmodSync(dataDir, 0o755);
const settings = { DATA_DIR: dataDir, ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };
let roster;
let browser;
try {
  console.log(`Seeding ${PEOPLE} people ...`);
  const seed = [join(ROOT, 'dist/cli.js'), 'seed', '--users', PEOPLE, '--random', RANDOM];
  await promisify(execFile)(process.execPath, seed, { cwd: dataDir, env: { ...process.env, ...settings } });
  roster = await startRosterProcess(settings);
  browser = await launchBrowser();
  mkdirSync(OUT, { recursive: true });
  for (const colorScheme of ['light', 'dark']) await takeAll(colorScheme);
} finally {
  await browser?.close();
  await roster?.stop();
  rmSync(dataDir, { recursive: true, force: true });
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
  return [
    { name: 'people', path: '/console/people' },
    { name: 'person', path: `/console/people/${suspended.id}` },
    { name: 'help', path: `/console/help?about=${encodeURIComponent(locked.email)}` },
    { name: 'events', path: '/console/events' },
    { name: 'webhooks', path: '/console/webhooks' },
    { name: 'health', path: '/console/health' },
  ];
}
