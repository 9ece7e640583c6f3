import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import type { PageName } from '../../http/pages/page-values.js';
import { Pages } from '../../http/pages/pages.js';
import { type MailTemplate, MailTemplates } from '../../mail/notifications/mail-templates.js';
import { type PreviewSample, type Scheme, SCHEMES } from './preview-sample.js';
import { galleryIndexes } from './gallery-index.js';
import { MAIL_SAMPLES } from './mail-samples.js';
import { PAGE_SAMPLES } from './page-samples.js';

/**
 * Renders every mail and page in every language, with the templates and branding of the settings, into a directory that is viewed
 * in a browser from `index.html`. Files of an earlier preview are removed.
 */
export function writeGallery(settings: Settings, folder: string): readonly PreviewSample[] {
  for (const old of ['mails', 'pages', 'assets']) rmSync(join(folder, old), { recursive: true, force: true });
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const putHtml = (file: string, html: string): void => {
    put(`${file}.html`, html);
    for (const scheme of SCHEMES) put(`${file}.${scheme}.html`, inScheme(html, scheme));
  };
  const pages = new Pages(settings);
  const samples = [...mails(new MailTemplates(settings), putHtml, put), ...allPages(pages, putHtml)];
  put('assets/pages.css', pages.stylesheet());
  for (const scheme of SCHEMES) put(`assets/pages.${scheme}.css`, inScheme(pages.stylesheet(), scheme));
  put('assets/pages.js', pages.script());
  put('assets/icon.svg', pages.icon());
  for (const [file, html] of Object.entries(galleryIndexes(settings.PRODUCT_NAME, samples))) put(file, html);
  return samples;
}

type Put = (file: string, text: string) => void;

function mails(templates: MailTemplates, putHtml: Put, put: Put): PreviewSample[] {
  return templates.locales.flatMap((locale) =>
    Object.entries(MAIL_SAMPLES).flatMap(([name, samples]) =>
      Object.entries<object>(samples).map(([sample, values]) => {
        const variant = variantOf(sample);
        const { subject, html, text } = templates.render(name as MailTemplate, values as never, locale);
        const file = join('mails', locale, [name, ...(variant ? [variant] : [])].join('.'));
        putHtml(file, html);
        put(`${file}.txt`, text);
        return { kind: 'mail' as const, name, variant, locale, file, subject, text };
      }),
    ),
  );
}

function allPages(pages: Pages, putHtml: Put): PreviewSample[] {
  return pages.locales.flatMap((locale) =>
    Object.entries(PAGE_SAMPLES).flatMap(([name, samples]) =>
      Object.entries<object>(samples).map(([sample, values]) => {
        const variant = variantOf(sample);
        const html = pages.page(name as PageName, values, [locale]);
        const file = join('pages', locale, [name, ...(variant ? [variant] : [])].join('.'));
        putHtml(file, html.replaceAll('"/assets/', '"../../assets/'));
        return { kind: 'page' as const, name, variant, locale, file };
      }),
    ),
  );
}

const variantOf = (sample: string): string => (sample === 'usual' ? '' : sample);

/** Forces this colour scheme, regardless of the browser's. */
function inScheme(text: string, scheme: Scheme): string {
  return text
    .replaceAll('(prefers-color-scheme: dark)', scheme === 'dark' ? '(min-width: 0)' : 'not all')
    .replaceAll('color-scheme: light dark', `color-scheme: ${scheme}`)
    .replaceAll('content="light dark"', `content="${scheme}"`)
    .replaceAll('assets/pages.css', `assets/pages.${scheme}.css`);
}
