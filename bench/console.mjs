// Goal P20: the list of people and the search in the console, as somebody in front of Chromium sees them, beside what the API takes for
// the same page of the list. Needs Chromium, and minutes to seed: BENCH_USERS is a million by default. With `BENCH_DATABASE_URL` and
// `BENCH_SECRET_KEY`, a database is measured that was seeded before, with the ADMIN_PASSWORD of `support/servers.mjs`.
import { performance } from 'node:perf_hooks';
import { launchBrowser } from '../test/support/browser.ts';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { median, percentile, round } from './support/figures.mjs';
import { groundOfSize } from './support/ground-of-size.mjs';
import { call, postJson } from './support/load.mjs';
import { row } from './support/rows.mjs';

const USERS = count('BENCH_USERS', 1_000_000, 10_000);
const ROUNDS = count('BENCH_ROUNDS', 2, 1);
const PAGES = QUICK ? 4 : 10;
const GOAL_MS = 300;
const ADMIN = { identifier: 'admin@localhost', password: 'measured nine times over' };
const SIZE = 50;
/** Of one letter and two, which many have and hardly anybody; the names are taken from the list. */
const TERMS = ['a', 'm', 'x', 'q', 'li', 'sa', 'zd', 'qu', 'mar', 'son', 'martin', 'anna nov', 'nobodyhasthis'];
const NAMES = QUICK ? 3 : 12;
const VIEWS = [
  'sort=email',
  'sort=-lastLoginAt',
  'status=SUSPENDED',
  'status=LOCKED,PENDING',
  'role=MANAGER,ADMIN',
  'emailVerified=false',
];

export async function run() {
  // Where the browser finds it, rather than where the tokens of other cases say it is.
  const ground = await groundOfSize(USERS, { greatest: true, settings: { PUBLIC_URL: undefined, LOG_LEVEL: 'error' } });
  let browser;
  try {
    browser = await launchBrowser();
    return report(await measure(browser, ground.server.url.replace('127.0.0.1', 'localhost')));
  } finally {
    await browser?.close();
    await ground.stop();
  }
}

/** @param url of a server over a seeded database, whose admin is `ADMIN` */
export async function measure(browser, url) {
  const api = await apiOf(url);
  const page = await signedIn(browser, url);
  const terms = [...TERMS, ...(await namesOf(api))];
  const seen = { first: both(), page: both(), view: both(), search: both() };
  for (let index = 1; index <= ROUNDS; index++) {
    await timed(seen.first, api, 'limit=50', (items) => open(page, `${url}/console/people`, items));
    let cursor = '';
    for (let number = 0; number < PAGES; number++) {
      const { page: at } = (await api(`limit=${SIZE}${cursor}`)).answer;
      cursor = `&cursor=${encodeURIComponent(at.nextCursor)}`;
      await timed(seen.page, api, `limit=${SIZE}${cursor}`, (items) => next(page, items));
    }
    for (const query of VIEWS) {
      await timed(seen.view, api, `limit=${SIZE}&${query}`, (items) => show(page, query, items));
    }
    await page.goto(`${url}/console/people`);
    for (const term of terms) {
      const query = `limit=${SIZE}&search=${encodeURIComponent(term)}`;
      await timed(seen.search, api, query, (items) => search(page, term, items));
    }
    console.log(`${index}/${ROUNDS} ${JSON.stringify(figuresOf(seen))}`);
  }
  return seen;
}

const both = () => ({ api: [], browser: [] });

/** Which of the two comes first alternates: the second one finds in memory what the first one has read. */
async function timed({ api: alone, browser: inBrowser }, api, query, act) {
  const { answer, ms } = await api(query);
  if (alone.length % 2 === 0) alone.push(ms);
  inBrowser.push(await act(answer.items));
  if (alone.length < inBrowser.length) alone.push((await api(query)).ms);
}

async function apiOf(url) {
  const { status, text } = await postJson(`${url}/auth/login`, ADMIN);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  const headers = { authorization: `Bearer ${JSON.parse(text).accessToken}` };
  return async (query) => {
    const begin = performance.now();
    const answer = await call(`${url}/users?sort=-createdAt&${query}`.replace(/sort=[^&]*&(?=.*sort=)/, ''), {
      headers,
    });
    const ms = performance.now() - begin;
    if (answer.status !== 200) throw new Error(`GET /users?${query}: ${answer.status} ${answer.text}`);
    return { ms, answer: JSON.parse(answer.text) };
  };
}

/** Last names from all over the list. */
async function namesOf(api) {
  const { answer } = await api('limit=100&sort=email');
  const step = Math.floor(answer.items.length / NAMES);
  return answer.items.filter((_, index) => index % step === 0).map(({ lastName, firstName }) => lastName ?? firstName);
}

async function signedIn(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  const form = { identifier: ADMIN.identifier, password: ADMIN.password };
  const options = { form, headers: { 'sec-fetch-site': 'same-origin' }, maxRedirects: 0 };
  const answer = await context.request.post(`${url}/sign-in`, options);
  if (answer.status() !== 303) throw new Error(`Nobody can sign in: ${answer.status()}`);
  return context.newPage();
}

/** From here until the page shows these people. */
async function until(page, items, begin) {
  const first = items[0] && (items[0].email ?? items[0].firstName);
  const isShown = ({ text, count }) => {
    const { document } = globalThis;
    const rows = [...document.querySelectorAll('main tbody tr')];
    // Rows of the page before are marked as busy.
    if (document.querySelector('main [aria-busy="true"]')) return false;
    return rows.length === count && (count === 0 || rows[0].textContent.includes(text));
  };
  await page.waitForFunction(isShown, { text: first, count: items.length }, { polling: 'raf', timeout: 30_000 });
  return performance.now() - begin;
}

async function open(page, address, items) {
  const begin = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  return until(page, items, begin);
}

async function next(page, items) {
  // Without the looks that Playwright takes at a button before it clicks.
  const button = await page.getByRole('button', { name: 'Next' }).elementHandle();
  const begin = performance.now();
  await button.evaluate((element) => element.click());
  return until(page, items, begin);
}

/** Goes to another view of the list within the page, as its filters do. */
async function show(page, query, items) {
  const address = `/console/people?${query.replace('emailVerified=false', 'verified=no')}`;
  const begin = performance.now();
  await page.evaluate((to) => globalThis.history.pushState(null, '', to), address);
  await page.waitForURL(`**${address}`);
  return until(page, items, begin);
}

/** From the last key on. */
async function search(page, term, items) {
  const field = page.getByRole('searchbox');
  await field.fill('');
  await page.waitForURL((at) => !at.searchParams.has('search'));
  await field.pressSequentially(term.slice(0, -1), { delay: 60 });
  const begin = performance.now();
  await field.pressSequentially(term.slice(-1));
  await page.waitForURL((at) => at.searchParams.get('search') === term);
  return until(page, items, begin);
}

function figuresOf(seen) {
  return Object.fromEntries(
    Object.entries(seen).map(([what, { api, browser }]) => [
      what,
      {
        apiP50: round(median(api), 1),
        apiP95: round(percentile(api, 0.95), 1),
        browserP50: round(median(browser), 1),
        browserP95: round(percentile(browser, 0.95), 1),
      },
    ]),
  );
}

const TITLES = {
  first: 'The console opened at People',
  page: 'The next page of the list',
  view: 'Another order or filter',
  search: 'A search, from the last key on',
};

function report(seen) {
  const figures = figuresOf(seen);
  const lines = Object.entries(figures).map(
    ([what, { apiP50, apiP95, browserP50, browserP95 }]) =>
      `${TITLES[what]}: p95 ${browserP95} ms in the browser (p50 ${browserP50}), ${apiP95} ms by the API alone (p50 ${apiP50}).`,
  );
  const summary = `${USERS} people; ${ROUNDS} rounds; goal ${GOAL_MS} ms.\n${lines.join('\n')}`;
  const groups = Object.entries(figures).map(([what, { apiP95, browserP95 }]) => ({
    title: `${TITLES[what]}, p95`,
    unit: 'ms',
    goal: GOAL_MS,
    bars: [
      { label: 'in Chromium', value: browserP95 },
      { label: 'the API alone', value: apiP95 },
    ],
  }));
  const given = { users: USERS, rounds: ROUNDS, pages: PAGES, terms: TERMS.length + NAMES, views: VIEWS.length };
  const rows = [row('P20', 'list', figures.page.browserP95), row('P20', 'search', figures.search.browserP95)];
  return { summary, given, rows, figures, seen, chart: barChart('The console over many people', groups) };
}
