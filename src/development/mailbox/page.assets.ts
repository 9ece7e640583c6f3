/** An envelope, as favicon and logo. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f5eff"/>
<rect x="6.5" y="9" width="19" height="14" rx="2.5" fill="#fff"/>
<path d="m7.5 11.5 7 5.6a2.4 2.4 0 0 0 3 0l7-5.6" fill="none" stroke="#1f5eff" stroke-width="2" stroke-linecap="round"/></svg>`;

/** Live refresh: asks for the same page again and swaps what changed. The page is complete without it. */
export const SCRIPT = `'use strict';
const find = (selector, from = document) => from.querySelector(selector);

async function refresh() {
  const response = await fetch(location.href).catch(() => undefined);
  if (!response) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  find('#count').replaceWith(find('#count', fresh));
  const focused = document.activeElement?.closest?.('#list a')?.getAttribute('href');
  find('#list').replaceWith(find('#list', fresh));
  if (focused) find('#list a[href="' + focused + '"]')?.focus();
  document.body.className = fresh.body.className;

  // Does not interrupt a reader: only the page that follows the newest mail changes, and only while idle.
  const main = find('#mail');
  const shown = (from) => find('[data-mail]', from)?.dataset.mail;
  if (location.pathname !== '/' || shown(document) === shown(fresh)) return;
  if (main.contains(document.activeElement) && main !== document.activeElement) return;
  main.replaceChildren(...find('#mail', fresh).childNodes);
}

let stream;
function follow() {
  // A browser opens six connections to a server in all: tabs in the background must not use them up.
  stream?.close();
  if (document.hidden) return;
  stream = new EventSource('/api/stream');
  stream.addEventListener('open', refresh);
  stream.addEventListener('emptied', refresh);
  stream.addEventListener('mail', async (event) => {
    const { subject, to } = JSON.parse(event.data);
    await refresh();
    find('#news').textContent = 'New mail to ' + to.join(', ') + ': ' + subject;
  });
}
document.addEventListener('visibilitychange', follow);
follow();
// The server writes "5 min ago", so it is also asked to bring that up to date.
setInterval(() => document.hidden || refresh(), 60000);

document.addEventListener('submit', (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.target.closest('input')) {
    event.preventDefault();
    find('.search input').focus();
    return;
  }
  const row = event.target.closest('#list li');
  const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
  if (!next) return;
  event.preventDefault();
  find('a', next).focus();
});
find('#list [aria-current]')?.scrollIntoView({ block: 'nearest' });
`;
