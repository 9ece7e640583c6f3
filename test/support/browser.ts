import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export interface RosterProcess {
  readonly url: string;
  /** The web page of the development mailbox. */
  readonly mailboxUrl: string;
  stop(): Promise<void>;
}

/** The built server as `npm start` runs it, with a PostgreSQL and a mailbox of its own in a new folder. */
export async function startRosterProcess(environment: Record<string, string> = {}): Promise<RosterProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'roster-browser-'));
  // Reachable for the account that PostgreSQL runs as when the tests run as root.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [resolve('dist/main.js')], {
    // Elsewhere, so that nobody's .env has a say.
    cwd: folder,
    env: { PATH, HOME, TMPDIR, DATA_DIR: folder, PORT: String(port), BCRYPT_COST: '4', HASH_NICE: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const output = await outputUntil(child, 'Press Ctrl-C to stop');
    const mailboxUrl = /^\s*Mailbox\s+(http:\S+)/m.exec(output)?.[1];
    if (!mailboxUrl) throw new Error(`The summary names no mailbox:\n${output}`);
    return { url: `http://localhost:${port}`, mailboxUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function outputUntil(child: ChildProcess, wanted: string): Promise<string> {
  let output = '';
  const { promise, resolve: found, reject } = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    if (output.includes(wanted)) found(output);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code) => reject(new Error(`Roster ended with ${code ?? 'a signal'}:\n${output}`)));
  child.once('error', reject);
  const timer = setTimeout(() => reject(new Error(`Roster did not start in time:\n${output}`)), START_TIMEOUT_MS);
  return promise.finally(() => clearTimeout(timer));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended.finally(() => clearTimeout(timer));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error saying what to install */
export function findChromium(): string {
  const given = process.env['CHROMIUM_PATH'];
  if (given) {
    if (isExecutable(given)) return given;
    throw new Error(`CHROMIUM_PATH is ${given}, and there is no program.`);
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found) return found;
  throw new Error(
    'The browser tests need Chromium and found none. Install it (Debian: apt-get install chromium), ' +
      'or set CHROMIUM_PATH to the program of Chromium or Chrome.',
  );
}

export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [...CHROMIUM_ARGUMENTS],
    // The sandbox cannot be had as root, and must not be missing elsewhere.
    chromiumSandbox: process.getuid?.() !== 0,
  });
}

/**
 * Collects what a browser complains of on any page of the context: what the console calls an error or a warning (refusals by
 * a Content-Security-Policy are among them), scripts that throw, and loads that fail or, but for the page itself, are not found.
 */
export function collectComplaints(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on('console', (message) => {
    // The status of the page itself is what tests look at.
    const ownStatus =
      message.text().startsWith('Failed to load resource') && message.location().url === pageUrl(message);
    if (['error', 'warning'].includes(message.type()) && !ownStatus) {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
  context.on('requestfailed', (request) => {
    // An event stream and what else is under way ends with its page.
    if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
    complaints.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ''}`);
  });
  return complaints;
}

function pageUrl(message: { page(): Page | null }): string | undefined {
  return message.page()?.url();
}

/** One operation of Swagger UI, expanded. */
export async function operation(docs: Page, title: string): Promise<Locator> {
  const [method = '', path = ''] = title.split(' ');
  const block = docs.locator(`.opblock-${method.toLowerCase()}`, {
    has: docs.locator(`.opblock-summary-path[data-path="${path}"]`),
  });
  // Of a long document, only what is near the window is there.
  await docs.evaluate('scrollTo(0, 0)');
  for (let screens = 0; (await block.count()) === 0 && screens < 200; screens++) {
    await docs.evaluate('scrollBy(0, innerHeight / 2)');
    await docs.waitForTimeout(100);
  }
  await block.locator('.opblock-summary-control').click();
  return block;
}

/** Presses "Try it out", fills in the body and executes; gives status and body of the answer. */
export async function tryOut(block: Locator, body?: object): Promise<{ status: string; body: string }> {
  await block.getByRole('button', { name: 'Try it out' }).click();
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  await block.getByRole('button', { name: 'Execute' }).click();
  const answer = block.locator('.live-responses-table');
  return {
    status: (await answer.locator('td.response-col_status:not(.col_header)').innerText()).trim(),
    body: await answer.locator('.response-col_description .highlight-code code').first().innerText(),
  };
}
