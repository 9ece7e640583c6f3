import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { loadSettings } from '../../src/config/settings.js';
import { eventsPage, PAGE_POLICY } from '../../src/relay/documents/events-page.js';
import { collectComplaints, launchBrowser } from '../support/browser.js';

jest.setTimeout(120_000);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let server: Server;
beforeAll(async () => {
  browser = await launchBrowser();
  const page = eventsPage(loadSettings({}));
  server = createServer((request, response) => {
    if (request.url !== '/docs/events') return response.writeHead(204).end();
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY });
    return response.end(page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  server.close();
});

describe('The page of the events', () => {
  it.each([
    [375, 'light'],
    [375, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)(
    'fits %d pixels, %s, and neither the browser nor axe-core finds anything wrong',
    async (width, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const complaints = collectComplaints(context);
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/docs/events`);
      expect(await page.locator('h2').count()).toBeGreaterThan(20);
      // Its own style is there: the policy let it.
      expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('1000px');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.getByText('Example').first().click();
      expect(await page.locator('pre').first().innerText()).toContain('"specversion": "1.0"');
      await page.evaluate(AXE);
      const violations = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
      );
      expect(
        violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`)),
      ).toEqual([]);
      expect(complaints).toEqual([]);
      const screenshots = process.env['SCREENSHOTS'];
      if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: join(screenshots, `events-${width}-${colorScheme}.png`) });
      }
      await context.close();
    },
  );
});
