import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MailStore } from './mail-store.js';
import type { Mail } from './mail.js';
import { renderMailBody, renderPage, type View } from './page.js';
import { ICON, SCRIPT } from './page.assets.js';
import { STYLE } from './page.style.js';

// Another name for this machine means DNS rebinding: a web page elsewhere that tries to read the mails.
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

const PAGE_CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
// A mail styles itself inline and may show pictures; it runs nothing, loads nothing else and sends no form.
const MAIL_CSP =
  "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

const LONGEST_SEARCH = 200;

interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
}

interface Call {
  readonly store: MailStore;
  readonly query: URLSearchParams;
  readonly id: string;
}

const html = (body: string, status = 200): Answer => ({ status, type: 'text/html', body });
const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value, null, 2) });
const asset = (type: string, body: string) => (): Answer => ({ type, body, headers: { 'cache-control': 'no-cache' } });
const NOT_FOUND: Answer = { status: 404, type: 'text/plain', body: 'There is nothing here.' };

async function page({ store, query, id }: Call): Promise<Answer> {
  const search = query.get('q')?.trim().slice(0, LONGEST_SEARCH) ?? '';
  const mails = store.search(search);
  const wanted = id || mails[0]?.id;
  const open = wanted === undefined ? undefined : await store.read(wanted);
  const view = query.get('view');
  const fallback: View = open?.html == null ? 'text' : 'html';
  const shown: View = view === 'text' || view === 'source' || view === 'html' ? view : fallback;
  const source = open && shown === 'source' ? (await store.source(open.id))?.toString('utf8') : undefined;
  const kept = store.list().length;
  const model = { mails, kept, search, open, view: shown, source, home: id === '', now: new Date() };
  return html(renderPage(model), id !== '' && open === undefined ? 404 : 200);
}

const ROUTES: Record<string, (call: Call) => Answer | Promise<Answer>> = {
  'GET /': page,
  'GET /mails/:id': page,
  'GET /mails/:id/html': async ({ store, id }) => {
    const mail = await store.read(id);
    return mail ? { ...html(renderMailBody(mail)), headers: { 'content-security-policy': MAIL_CSP } } : NOT_FOUND;
  },
  'POST /mails/delete': async ({ store }) => {
    await store.clear();
    return { status: 303, type: 'text/plain', body: '', headers: { location: '/' } };
  },
  'GET /assets/page.css': asset('text/css', STYLE),
  'GET /assets/page.js': asset('text/javascript', SCRIPT),
  'GET /assets/icon.svg': asset('image/svg+xml', ICON),
  'GET /api/mails': async ({ store, query }) => {
    const mails = await Promise.all(store.list(query.get('to') ?? undefined).map(({ id }) => store.read(id)));
    return json(mails.filter((mail): mail is Mail => mail !== undefined));
  },
  'DELETE /api/mails': async ({ store }) => {
    await store.clear();
    return { status: 204, type: 'text/plain', body: '' };
  },
  'GET /api/mails/:id': async ({ store, id }) => {
    const mail = await store.read(id);
    return mail ? json(mail) : NOT_FOUND;
  },
  'GET /api/mails/:id/source': async ({ store, id }) => {
    const body = await store.source(id);
    return body ? { type: 'text/plain', body } : NOT_FOUND;
  },
};

async function answer(store: MailStore, request: IncomingMessage, url: URL): Promise<Answer> {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const refusal = refuse(request);
  if (refusal !== undefined) return { status: 403, type: 'text/plain', body: refusal };
  const [, id = ''] = /^\/(?:api\/)?mails\/(\d+-[0-9a-f]+)(?=\/|$)/.exec(url.pathname) ?? [];
  const route = `${method} ${id ? url.pathname.replace(id, ':id') : url.pathname}`;
  const handler = Object.hasOwn(ROUTES, route) ? ROUTES[route] : undefined;
  return handler ? handler({ store, query: url.searchParams, id }) : NOT_FOUND;
}

function refuse({ headers, method }: IncomingMessage): string | undefined {
  if (!OWN_NAMES.test(headers.host ?? '')) return 'The mailbox answers to localhost only.';
  const own = headers.origin === undefined || headers.origin === `http://${headers.host}`;
  if (method !== 'GET' && method !== 'HEAD' && !own) return 'Only the mailbox itself may change mails.';
  return undefined;
}

function send(response: ServerResponse, { status = 200, type, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': PAGE_CSP,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/** Tells a page about every change by server-sent events, until it goes away. */
function stream({ changes }: MailStore, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const tell = (event: string, data: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const arrived = ({ id, subject, to }: { id: string; subject: string; to: readonly string[] }) =>
    tell('mail', { id, subject, to });
  const emptied = () => tell('emptied', {});
  changes.on('arrived', arrived).on('emptied', emptied);
  response.once('close', () => changes.off('arrived', arrived).off('emptied', emptied));
  response.write(': open\n\n');
}

async function handle(store: MailStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET' && url.pathname === '/api/stream' && refuse(request) === undefined) {
      stream(store, response);
    } else {
      send(response, await answer(store, request, url));
    }
  } catch (error) {
    const invalid = error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL';
    send(response, { status: invalid ? 400 : 500, type: 'text/plain', body: (error as Error).message });
  }
}

/** Serves the reader and its JSON API on `port`, or on a free port when that one is taken. */
export async function startWeb(
  store: MailStore,
  host: string,
  port: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => void handle(store, request, response));
  await listenNear(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const NEARBY_PORTS = 20;

/** At this port or, when it is taken, at one of the next; at any that is free when those are taken too. */
async function listenNear(server: Server, host: string, port: number): Promise<void> {
  const ports = port === 0 ? [] : Array.from({ length: NEARBY_PORTS }, (_, more) => port + more);
  for (const candidate of [...ports.filter((one) => one < 65_536), 0]) {
    try {
      await listen(server, host, candidate);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (candidate === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      server.removeAllListeners('listening');
      reject(error);
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
