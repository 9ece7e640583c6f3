import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SOURCES = join(import.meta.dirname, '../../../console/src');
const CALL = /api\s*\.(GET|POST|PUT|PATCH|DELETE)\(\s*'([^']+)'/g;

/** Every call of the API that the console makes, as it stands in its sources: `POST /users/{id}/suspend`. */
export function callsOfConsole(): Set<string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  const sources = files.map((file) => readFileSync(join(SOURCES, file), 'utf8'));
  return new Set(sources.flatMap((text) => [...text.matchAll(CALL)].map(([, method, path]) => `${method} ${path}`)));
}

/** The statuses that a call of the API may be refused with, by the codes that they come with. */
export const REFUSALS = [
  [401, 'not-authenticated'],
  [403, 'forbidden'],
  [409, 'refused-by-handler'],
  [429, 'too-many-requests'],
  [503, 'busy'],
  [412, 'precondition-failed'],
] as const;

/** What the refusals of a test say. */
export const detailOf = (status: number): string => `Refused with ${status} by the test.`;

/** Whether a request is this call. */
export function isCall(call: string, method: string, url: string): boolean {
  const [verb, path = ''] = call.split(' ');
  const pattern = path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', String.raw`\.`);
  return verb === method && new RegExp(`^${pattern}$`).test(new URL(url).pathname);
}

/**
 * Refuses calls in place of the server until it is told to stop.
 * @param isRefused by method and URL
 */
export async function refuseCalls(
  page: Page,
  [status, code]: (typeof REFUSALS)[number],
  isRefused: (method: string, url: string) => boolean,
): Promise<() => Promise<void>> {
  const body = { type: `urn:roster:problem:${code}`, title: code, status, code, traceId: 'test', instance: '/' };
  const handle: Parameters<Page['route']>[1] = async (route, request) => {
    if (!['fetch', 'xhr'].includes(request.resourceType()) || !isRefused(request.method(), request.url()))
      return route.fallback();
    return route.fulfill({
      status,
      contentType: 'application/problem+json; charset=utf-8',
      headers: { 'x-trace-id': 'test', ...([429, 503].includes(status) && { 'retry-after': '0' }) },
      body: JSON.stringify({ ...body, detail: detailOf(status) }),
    });
  };
  await page.route('**/*', handle);
  return () => page.unroute('**/*', handle);
}

/** Goes to another address of the console as a link within it does, so that what was read stays known. @param path below `/console` */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(`/console${path}`)})`);
}
