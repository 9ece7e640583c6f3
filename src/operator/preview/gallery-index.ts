import { markup, type Markup } from '../../rendering/markup.js';
import { type PreviewSample, type Scheme, SCHEMES } from './preview-sample.js';

/** The widths of the preview, in CSS pixels. */
const DEVICES = { phone: 375, desk: 1280 } as const;
type Device = keyof typeof DEVICES;

/**
 * The index pages of the preview, by file: phone and desktop, light and dark, one page each, since browsers load hidden frames too.
 * Plain HTML that works from a local directory.
 */
export function galleryIndexes(productName: string, samples: readonly PreviewSample[]): Record<string, string> {
  const looks = SCHEMES.flatMap((scheme) => (['phone', 'desk'] as const).map((device) => ({ scheme, device })));
  return Object.fromEntries(
    looks.map(({ scheme, device }) => [fileOf(scheme, device), index(productName, samples, scheme, device)]),
  );
}

function fileOf(scheme: Scheme, device: Device): string {
  return scheme === 'light' && device === 'phone' ? 'index.html' : `index.${scheme}.${device}.html`;
}

function index(productName: string, samples: readonly PreviewSample[], scheme: Scheme, device: Device): string {
  const locales = [...new Set(samples.map(({ locale }) => locale))];
  const look = (label: string, to: [Scheme, Device]): Markup => {
    const isThis = to[0] === scheme && to[1] === device;
    return markup`<a href="${fileOf(...to)}" ${isThis && markup`aria-current="page"`}>${label}</a>
`;
  };
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mails and pages of ${productName}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Mails and pages of ${productName}</h1>
<nav aria-label="Colours and width">
${look('Phone, light', ['light', 'phone'])}
${look('Phone, dark', ['dark', 'phone'])}
${look('Desk, light', ['light', 'desk'])}
${look('Desk, dark', ['dark', 'desk'])}
</nav>
</header>
<nav class="contents" aria-label="Mails and pages">
${locales.map((locale) => chapterOf(samples, locale))}
</nav>
<main>
${samples.map((one) => section(one, scheme, device))}
</main>
</body>
</html>
`;
  return page.toString();
}

function chapterOf(samples: readonly PreviewSample[], locale: string): Markup {
  const list = (kind: PreviewSample['kind'], title: string): Markup =>
    markup`<h3>${title}</h3>
<ul>${samples
      .filter((one) => one.locale === locale && one.kind === kind)
      .map((one) => markup`<li><a href="#${one.file}">${titleOf(one)}</a></li>\n`)}</ul>`;
  return markup`<details open><summary><h2 lang="en">${languageName(locale)}</h2></summary>
${list('mail', 'Mails')}
${list('page', 'Pages')}
</details>
`;
}

function section(one: PreviewSample, scheme: Scheme, device: Device): Markup {
  const heading = `${titleOf(one)}, ${one.locale}`;
  return markup`<section id="${one.file}">
<h2>${heading}</h2>
${one.subject !== undefined && markup`<p>Subject: <strong lang="${one.locale}">${one.subject}</strong></p>`}
<p><a href="${one.file}.html">By itself</a>, in the colours of this browser</p>
<iframe class="${device}" src="${one.file}.${scheme}.html" title="${heading}" width="${DEVICES[device]}" height="900" loading="lazy"></iframe>
${one.text !== undefined && markup`<details><summary>Text part</summary><pre lang="${one.locale}" tabindex="0">${one.text}</pre></details>`}
</section>
`;
}

const titleOf = ({ name, variant }: PreviewSample): string => (variant ? `${name} (${variant})` : name);

function languageName(locale: string): string {
  return new Intl.DisplayNames('en', { type: 'language' }).of(locale) ?? locale;
}

const STYLE = markup`
:root { color-scheme: light; font: 1rem/1.5 system-ui, sans-serif; color: #14171f; background: #eceef2; }
body { display: grid; grid-template: auto 1fr / 17rem minmax(0, 1fr); margin: 0; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: center; grid-column: 1 / -1;
  padding: .75rem 1.5rem; border-bottom: 1px solid #c9ced8; background: #ffffff; }
h1 { margin: 0; font-size: 1.125rem; }
nav.contents { position: sticky; top: 4rem; align-self: start; max-height: calc(100vh - 4rem); overflow: auto; padding: 1rem 1.5rem; font-size: .875rem; }
.contents h2 { display: inline; font-size: 1rem; }
.contents h3 { margin: .75rem 0 .25rem; font-size: .875rem; }
.contents ul { margin: 0; padding: 0; list-style: none; }
.contents a { display: block; padding: .1875rem 0; color: inherit; }
main { padding: 0 1.5rem 4rem 0; }
section { padding-top: 5rem; margin-top: -3rem; content-visibility: auto; contain-intrinsic-size: auto 1000px; }
section h2 { margin: 0; font-size: 1.125rem; }
section p { margin: .25rem 0; font-size: .875rem; }
section p a { color: #1a47c0; }
iframe.desk { zoom: .7; }
header nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
header a { padding: .25rem 0; color: #1a47c0; }
[aria-current] { color: #14171f; font-weight: 600; text-decoration: none; }
iframe { display: block; margin: .75rem 0; border: 1px solid #c9ced8; border-radius: .5rem; background: #ffffff; }
pre { padding: 1rem; overflow: auto; border: 1px solid #c9ced8; border-radius: .5rem; background: #ffffff; }
@media (max-width: 50rem) { body { display: block; } .contents { position: static; max-height: none; } main { padding: 0 1rem 4rem; } }
`;
