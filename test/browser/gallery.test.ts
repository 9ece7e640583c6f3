import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { loadSettings } from '../../src/config/settings.js';
import { type PreviewSample, SCHEMES } from '../../src/operator/preview/preview-sample.js';
import { writeGallery } from '../../src/operator/preview/gallery.js';
import { launchBrowser } from '../support/browser.js';
import { bringAxe, violations } from '../support/journey.js';

jest.setTimeout(600_000);

const WIDTHS = [375, 1280];
const AT_ONCE = 2;

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-gallery-'));
  browser = await launchBrowser();
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  rmSync(folder, { recursive: true, force: true });
});

const BRANDS = {
  'as it is shipped': { SUPPORT_EMAIL: 'help@example.com' },
  // Black text on it, and too light to be seen on white; a name that wraps; nobody to ask.
  'in a light colour': { BRAND_COLOR: '#ffd400', PRODUCT_NAME: 'The Association of Rather Long Names of Products' },
};

describe.each(Object.entries(BRANDS))('the gallery %s', (brand, settings) => {
  it('has every mail and page fit a phone and a desk, light and dark, without a violation that axe-core finds', async () => {
    const samples = writeGallery(loadSettings(settings), folder);
    // A colour is the same in all of them: one mail and one page with all there is say enough.
    const tells = /^(mails|pages)\/en\/(verify-email|reset-password\.refused|error\.fields)$/;
    const shown = brand === 'as it is shipped' ? samples : samples.filter(({ file }) => tells.test(file));
    expect(shown.length).toBeGreaterThan(3);
    const wrong = await inTurns(shown, (page, sample) => look(page, sample, brand));
    expect(wrong).toEqual([]);
  });
});

it('has an index that shows them in frames, and that axe-core finds nothing wrong with', async () => {
  writeGallery(loadSettings({}), folder);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(urlOf('index.html'));
  await page.getByRole('link', { name: 'Desk, dark' }).click();
  await page.waitForURL(/index\.dark\.desk\.html$/);
  const frame = page.locator('section').first().locator('iframe');
  await frame.contentFrame().locator('h1').waitFor();
  await bringAxe(page);
  expect(await violations(page, 'pages')).toEqual([]);
  await page.close();
});

const urlOf = (file: string): string => pathToFileURL(join(folder, file)).href;

/** Looks at all of them in a few pages at once. */
async function inTurns(
  samples: readonly PreviewSample[],
  work: (page: Page, sample: PreviewSample) => Promise<string[]>,
): Promise<string[]> {
  const waiting = [...samples];
  const found: string[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const page = await browser.newPage();
      for (let sample = waiting.shift(); sample; sample = waiting.shift()) found.push(...(await work(page, sample)));
      await page.close();
    }),
  );
  return found;
}

/** @returns what is wrong with it; with SCREENSHOTS, pictures of it are in that folder */
async function look(page: Page, { kind, file }: PreviewSample, brand: string): Promise<string[]> {
  const wrong: string[] = [];
  const screenshots = process.env['SCREENSHOTS'];
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  await page.goto(urlOf(`${file}.html`));
  await bringAxe(page);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const where = `${file} ${width} ${colorScheme}`;
      const widest = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (widest > width) wrong.push(`${where}: ${widest} px wide`);
      // Each width and each scheme once: the rules on names and structure see neither, and those on colours not the width.
      if ((width === WIDTHS[0]) === (colorScheme === 'light')) {
        wrong.push(...(await violations(page, `${kind}s`)).map((violation) => `${where}: ${violation}`));
      }
      if (screenshots) {
        const name = `${file.replaceAll('/', '-')}-${width}-${colorScheme}${brand === 'in a light colour' ? '-light-brand' : ''}.png`;
        await page.screenshot({ path: join(screenshots, name), fullPage: true });
      }
    }
  }
  return wrong;
}
