import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from '@jest/globals';
import { collectComplaints, freePort, launchBrowser } from '../../support/browser.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { bringAxe } from '../../support/journey.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../../support/roster.js';

export { ADMIN, PASSWORD };

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>;

interface VisitOptions extends ContextOptions {
  /** What the browser may complain of: a refusal that the test provokes is an error in its log. */
  readonly expects?: readonly RegExp[];
}

/** A browser in which somebody is signed in. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** @param path below `/console`, with its query: `/people?status=LOCKED` */
  readonly open: (path: string) => Promise<void>;
  /** How long it has complained of so far. */
  readonly complaints: readonly string[];
}

/** Roster, in this process, with Chromium before it: one for a test file. */
export interface Console {
  readonly roster: Roster;
  readonly url: string;
  readonly browser: Browser;
  /** Somebody with that role, who is signed in by `visit`. */
  readonly join: (email: string, role?: 'MANAGER' | 'ADMIN') => Promise<{ readonly id: string } & Credentials>;
  /**
   * Lets somebody look at the console, in a browser of their own. Fails if the browser complains: scripts that throw, rejections that
   * nobody handles, errors in its log, and what the Content-Security-Policy refuses.
   */
  readonly visit: (who: Credentials, work: (visit: Visit) => Promise<void>, options?: VisitOptions) => Promise<void>;
  stop(): Promise<void>;
}

export async function startConsole(
  environment: Record<string, string> = {},
  database?: TestDatabase,
): Promise<Console> {
  const port = environment['PORT'] ?? String(await freePort());
  const url = `http://localhost:${port}`;
  const [browser, roster] = await Promise.all([
    launchBrowser(),
    startRoster({ PORT: port, PUBLIC_URL: url, ...environment }, [], database),
  ]);
  return {
    roster,
    url,
    browser,
    join: async (email, role) => {
      const { id } = await roster.join(email);
      if (role) await giveRole(roster, id, role);
      return { id, email, password: PASSWORD };
    },
    visit: (who, work, options) => visit(browser, url, who, work, options),
    stop: async () => {
      await browser.close();
      await roster.stop();
    },
  };
}

async function giveRole(roster: Roster, id: string, role: string): Promise<void> {
  const admin = { authorization: `Bearer ${await roster.signIn()}` };
  await roster.api.put(`/users/${id}/role`).set(admin).send({ role }).expect(200);
}

async function visit(
  browser: Browser,
  url: string,
  who: Credentials,
  work: (visit: Visit) => Promise<void>,
  { expects = [], ...options }: VisitOptions = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  try {
    const complaints = collectComplaints(context);
    await signIn(context, url, who);
    const page = await context.newPage();
    const open = async (path: string): Promise<void> => {
      await page.goto(`${url}/console${path}`);
      await page.locator('h1').waitFor();
    };
    await work({ page, context, open, complaints });
    expect(complaints.filter((complaint) => !expects.some((one) => one.test(complaint)))).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Posts the form of the page for signing in, as a browser does; it is looked at in the tests of the hosted pages. */
export async function signIn(context: BrowserContext, url: string, { email, password }: Credentials): Promise<void> {
  const answer = await context.request.post(`${url}/sign-in`, {
    form: { identifier: email, password },
    headers: { 'sec-fetch-site': 'same-origin' },
    maxRedirects: 0,
  });
  expect([email, answer.status()]).toEqual([email, 303]);
}

const COLOURS_ARRIVED = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const changes = document.getAnimations().filter((one) => one instanceof CSSTransition).map(({ finished }) => finished);
  Promise.allSettled(changes).then(() => requestAnimationFrame(() => requestAnimationFrame(done)));
})))`;

/** Widths at which pages must not scroll sideways: 320 px, and a desk of 1280 px at 200 % zoom (WCAG 1.4.10, 1.4.4). */
const WIDTHS = [320, 640];

/** What axe-core has looked at in this test file: each page, and each kind of popup above it. */
const lookedAt = new Set<string>();

/** The only ones whose outcome another theme can change. */
const RULES_OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/**
 * Looks at the page as it is now with axe-core, light and dark, and at whether it fits 320 px and 200 % zoom. axe-core looks at every
 * width the first time that a file shows a page, or a kind of popup above it; another state of the same is looked at as wide as it is.
 * @param name for messages: which page in which state
 */
export async function expectGoodPage(page: Page, name: string): Promise<void> {
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  const kind = await kindOf(page);
  const isNew = !lookedAt.has(kind);
  lookedAt.add(kind);
  await bringAxe(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // Colours on their way to the other theme have the contrast of neither, and on a busy machine they take their time.
    await page.evaluate(COLOURS_ARRIVED);
    for (const width of [size.width, ...WIDTHS]) {
      const isDue = isNew || width === size.width;
      // What does not fit does so in no theme.
      if (!isDue && colorScheme === 'dark') continue;
      await page.setViewportSize({ width, height: size.height });
      const place = `${name}, ${colorScheme}, ${width} px`;
      if (isDue)
        expect([place, await violations(page, colorScheme === 'dark' ? RULES_OF_COLOUR : 'all')]).toEqual([place, []]);
      const scrolls = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect([place, scrolls <= width]).toEqual([place, true]);
    }
  }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** The page by its address without ids, its tab, and the roles of what is open above it. */
async function kindOf(page: Page): Promise<string> {
  const { pathname, searchParams } = new URL(page.url());
  const popups = await page.evaluate<string[]>(
    `[...document.querySelectorAll('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]')].map((one) => one.getAttribute('role'))`,
  );
  return [pathname.replace(/[0-9a-f-]{36}/g, '{id}'), searchParams.get('tab') ?? '', ...popups].join(' ');
}

/**
 * What axe-core finds, but for two things of Base UI's popups: the focus guards around them, which hand the focus on at once, and that
 * they lie outside the landmarks, at the end of the document.
 */
async function violations(page: Page, rules: 'all' | readonly string[]): Promise<string[]> {
  const context = { exclude: [['[data-base-ui-focus-guard]']] };
  const runOnly = rules === 'all' ? {} : { runOnly: { type: 'rule', values: rules } };
  const options = { ...runOnly, iframes: false, resultTypes: ['violations'] };
  const found = await page.evaluate<Violation[]>(
    `axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes
      .filter(({ html }) => id !== 'region' || !html.includes('data-base-ui'))
      .map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
  );
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What has the focus: its text or label. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate<string>(`(() => {
    const element = document.activeElement;
    return (element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText ?? '').trim();
  })()`);
}

/** Answers calls of the API in place of the server. @param status with the problem of that code */
export async function refuse(
  page: Page,
  path: string | RegExp,
  { status, code, detail = 'Refused by the test.', headers = {} }: Refusal,
): Promise<void> {
  await page.route(path, (route) =>
    route.fulfill({
      status,
      contentType: 'application/problem+json; charset=utf-8',
      headers: { 'x-trace-id': 'test', ...headers },
      body: JSON.stringify({
        type: `urn:roster:problem:${code}`,
        title: code,
        status,
        detail,
        instance: '/',
        code,
        traceId: 'test',
      }),
    }),
  );
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Waits until an expression is true on the page. Playwright's own waiting for strings is refused by the policy of the console. */
export async function until(page: Page, expression: string): Promise<void> {
  await eventually(async () => (await page.evaluate(expression)) === true);
}
