import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as outgoing } from 'node:http';
import { formsOf } from './page-browser.js';

type Fields = Readonly<Record<string, string>>;

/** A page, and where it was found. */
export interface WebPage {
  readonly url: string;
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

interface Sent {
  /** Of a form. */
  readonly body?: string;
  readonly headers?: Fields;
}

/** A browser without scripts that goes from site to site: keeps cookies by host, follows redirects everywhere, and sends forms. */
export class WebBrowser {
  readonly cookies = new Map<string, Map<string, string>>();
  /** Every address that was asked for. */
  readonly visited: string[] = [];

  constructor(
    /** Where a redirect is not followed: the page is then the redirect itself. */
    private readonly stopsAt: (url: string) => boolean = () => false,
  ) {}

  async open(url: string): Promise<WebPage> {
    return this.go(url, {}, 'none');
  }

  /**
   * Fills in a form of a page and sends it by a button.
   * @param fields what is typed or ticked, beside what the page has filled in itself
   * @param button the text of it; the first one by default
   */
  async submit(page: WebPage, fields: Fields = {}, button?: string): Promise<WebPage> {
    const form = formsOf(page.text).find(
      ({ buttons }) => button === undefined || buttons.some(({ text }) => text === button),
    );
    if (!form) throw new Error(`${page.url} has no form with the button ${button ?? ''}:\n${page.text}`);
    const pressed = form.buttons.find(({ text }) => text === button) ?? form.buttons[0];
    const target = new URL(pressed?.action ?? (form.action || page.url), page.url).href;
    const body = new URLSearchParams({ ...form.values, ...pressed?.value, ...fields });
    const { origin } = new URL(page.url);
    const site = origin === new URL(target).origin ? 'same-origin' : 'same-site';
    return this.go(target, { body: body.toString(), headers: { origin } }, site);
  }

  private async go(url: string, init: Sent, site: string): Promise<WebPage> {
    let [target, request, from] = [url, init, site];
    for (let steps = 0; steps < 20; steps++) {
      const { hostname } = new URL(target);
      const jar = this.cookies.get(hostname) ?? new Map<string, string>();
      this.cookies.set(hostname, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      this.visited.push(target);
      const headers = { ...HEADERS, 'sec-fetch-site': from, ...request.headers, ...(cookie && { cookie }) };
      const response = await send(target, request.body, headers);
      for (const header of response.headers['set-cookie'] ?? []) keep(jar, header);
      const { location } = response.headers;
      const next = location === undefined ? undefined : new URL(location, target).href;
      if (next === undefined || this.stopsAt(next)) return { ...response, url: next ?? target };
      if (new URL(next).origin !== new URL(target).origin) from = 'same-site';
      [target, request] = [next, {}];
    }
    throw new Error(`${url} leads in a circle:\n${this.visited.slice(-20).join('\n')}`);
  }
}

const HEADERS = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

/** By hand, for `fetch` says itself which headers of Fetch Metadata it sends. */
async function send(url: string, body: string | undefined, headers: Fields): Promise<Omit<WebPage, 'url'>> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const method = body === undefined ? 'GET' : 'POST';
  const request = outgoing(url, { method, headers: { ...headers, ...(body !== undefined && form) }, agent: false });
  request.end(body);
  const answer = once(request, 'response');
  request.on('error', () => undefined);
  const [response] = (await answer) as [IncomingMessage];
  let text = '';
  try {
    for await (const chunk of response) text += String(chunk);
  } catch {
    // Some servers send more than they announced; as in a browser, what came before counts.
  }
  return { status: response.statusCode ?? 0, text, headers: response.headers };
}

function keep(jar: Map<string, string>, header: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
  const expires = /; *expires=([^;]*)/i.exec(header)?.[1];
  const gone = /; *max-age=0(?:;|$)/i.test(header) || (expires !== undefined && Date.parse(expires) < Date.now());
  if (gone || value === '') jar.delete(name);
  else jar.set(name, value);
}
