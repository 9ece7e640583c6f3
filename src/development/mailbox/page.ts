import type { Mail, MailSummary } from './mail.js';
import { markup, type Markup } from '../../rendering/markup.js';

/** The three ways to look at a mail. */
export type View = 'html' | 'text' | 'source';

/** All that the page shows. */
export interface PageModel {
  readonly mails: readonly MailSummary[];
  /** The total number of mails, matching or not. */
  readonly kept: number;
  /** The search term; empty if none. */
  readonly search: string;
  /** The mail on the right; undefined when there is none, or none with the id asked for. */
  readonly open: Mail | undefined;
  readonly view: View;
  readonly source: string | undefined;
  /** True for `/`, which follows the newest mail and on a phone is the list. */
  readonly home: boolean;
  readonly now: Date;
}

// More than this is a picture in base64; the whole of it is one link away.
const LONGEST_SOURCE = 200_000;

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

function ago(date: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - new Date(date).getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h ago` : DAY.format(new Date(date));
}

function subjectOf({ subject }: MailSummary): string {
  return subject.trim() || '(no subject)';
}

/** The URL of a mail, which keeps the search term. */
function addressOf(path: string, search: string, view?: View): string {
  const query = new URLSearchParams({ ...(view && { view }), ...(search && { q: search }) }).toString();
  return query === '' ? path : `${path}?${query}`;
}

function row(mail: MailSummary, { open, now, home, search }: PageModel): Markup {
  const current = mail.id === open?.id && markup`aria-current="${home ? 'true' : 'page'}"`;
  return markup`<li><a class="row" href="${addressOf(`/mails/${mail.id}`, search)}" ${current}>
    <span class="line"><span class="from" dir="auto">${mail.from.replace(/\s*<[^<>]*>$/, '') || mail.from || 'Nobody'}</span>
    <time datetime="${mail.date}" title="${MOMENT.format(new Date(mail.date))}">${ago(mail.date, now)}</time></span>
    <span class="subject" dir="auto">${subjectOf(mail)}</span>
    <span class="to"><span class="hint">to</span> ${mail.to.join(', ')}</span></a></li>`;
}

/** Text with its web addresses as links; nothing but http and https becomes one. */
function linked(text: string): Markup[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/)
    .map((part, index) =>
      index % 2 === 1
        ? markup`<a href="${part}" target="_blank" rel="noopener noreferrer">${part}</a>`
        : markup`${part}`,
    );
}

function body(mail: Mail, view: View, source = ''): Markup {
  if (view === 'html' && mail.html !== null) {
    return markup`<iframe class="body" src="/mails/${mail.id}/html" title="${subjectOf(mail)}"
      sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" loading="lazy"></iframe>`;
  }
  if (view === 'source') {
    const rest = source.length > LONGEST_SOURCE && markup`<p class="note">The beginning of a long mail.</p>`;
    return markup`${rest}<pre class="body source" tabindex="0" role="region" aria-label="Source">${source.slice(0, LONGEST_SOURCE)}</pre>`;
  }
  if (view === 'text' && mail.text !== null) {
    return markup`<pre class="body text" dir="auto" tabindex="0" role="region" aria-label="Text">${linked(mail.text)}</pre>`;
  }
  return markup`<p class="note">This mail has no ${view === 'html' ? 'HTML' : 'text'} part.</p>`;
}

function reader(mail: Mail, { view, source, search }: PageModel): Markup {
  const tab = (name: View, label: string) =>
    markup`<li><a href="${addressOf(`/mails/${mail.id}`, search, name)}" ${view === name && markup`aria-current="page"`}>${label}</a></li>`;
  return markup`<article data-mail="${mail.id}" aria-labelledby="subject">
    <header><a class="back" href="${addressOf('/', search)}"><span aria-hidden="true">←</span> All mails</a>
    <h2 id="subject" dir="auto">${subjectOf(mail)}</h2>
    <dl><div><dt>From</dt><dd dir="auto">${mail.from || 'nobody'}</dd></div>
    <div><dt>To</dt><dd>${mail.to.join(', ')}</dd></div>
    <div><dt>Received</dt><dd><time datetime="${mail.date}">${MOMENT.format(new Date(mail.date))}</time></dd></div></dl>
    <nav class="views" aria-label="Views of this mail"><ul>
    ${tab('html', 'HTML')}${tab('text', 'Text')}${tab('source', 'Source')}
    <li class="raw"><a href="/api/mails/${mail.id}/source">Raw file</a></li></ul></nav></header>
    ${body(mail, view, source)}</article>`;
}

const EMPTY = markup`<div class="empty"><img src="/assets/icon.svg" alt="" width="56" height="56">
  <h2>No mail yet</h2>
  <p>Register someone, and the mail that asks them to confirm their address appears here:</p>
  <pre tabindex="0" role="region" aria-label="Example"><code>curl http://localhost:3000/auth/register \\
  -H 'content-type: application/json' \\
  -d '{"email": "ada@example.com",
    "password": "a long way to the moon"}'</code></pre>
  <p class="hint">Every mail stays on this machine. New ones show up by themselves.</p></div>`;

const GONE = markup`<div class="empty"><h2>This mail is gone</h2>
  <p>It was deleted, or 500 newer mails have arrived. <a href="/">See the newest mail</a></p></div>`;

const NOT_FOUND = markup`<div class="empty"><h2>No mail matches</h2>
  <p>Nothing has this in its sender, recipient or subject. <a href="/">See all mails</a></p></div>`;

/** The whole reader as one document that works without script. */
export function renderPage(model: PageModel): string {
  const { mails, kept, search, open, home } = model;
  const all = `${kept} ${kept === 1 ? 'mail' : 'mails'}`;
  const count = search === '' ? all : `${mails.length} of ${all}`;
  const title = open && !home ? `${subjectOf(open)} · Mailbox · Roster` : 'Mailbox · Roster';
  const nothing = home ? (kept === 0 ? EMPTY : NOT_FOUND) : GONE;
  const content = open ? reader(open, model) : nothing;
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/assets/icon.svg"><link rel="stylesheet" href="/assets/page.css">
<script src="/assets/page.js" defer></script></head>
<body class="${home ? 'home' : 'opened'} ${kept === 0 && 'bare'}">
<a class="skip" href="#mail">Skip to the mail</a>
<header class="top"><a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28">
<h1>Mailbox <span>· Roster</span></h1></a>
<p id="count">${count}</p>
<form method="post" action="/mails/delete" data-confirm="Delete all mails?"><button>Delete all</button></form></header>
<main><nav class="list" aria-label="Mails"><form class="search" role="search" action="/"><input type="search" name="q" value="${search}"
aria-label="Search sender, recipient and subject" placeholder="Search" autocomplete="off" maxlength="200"></form>
${home && kept > 0 && mails.length === 0 && markup`<p class="note none">No mail matches. <a href="/">All mails</a></p>`}<ol id="list">${mails.map((mail) => row(mail, model))}</ol></nav>
<div id="mail" tabindex="-1">${content}</div></main>
<p class="unseen" role="status" id="news"></p>
</body></html>`;
  return page.toString();
}

/**
 * The HTML of a mail as a document of its own, for the sandboxed frame. It goes out as it came: what keeps it inert is
 * the policy it is served with.
 */
export function renderMailBody({ html }: Mail): string {
  // The first base element decides, so links open beside the mailbox whatever the mail says.
  return `<!doctype html><base target="_blank">${html ?? ''}`;
}
