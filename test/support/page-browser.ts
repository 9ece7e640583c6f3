import type { Response } from 'supertest';
import type { Roster } from './roster.js';

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

type Fields = Readonly<Record<string, string>>;

/** What a page answered, and where that was. */
export interface PageAnswer {
  readonly path: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a redirect. */
  readonly location: string | undefined;
  /** As sent, with their attributes. */
  readonly setCookies: readonly string[];
}

/** A browser without scripts: keeps cookies, posts forms as a page of this origin would, and follows redirects when told to. */
export class PageBrowser {
  readonly cookies = new Map<string, string>();
  /** Sent with every request. */
  headers: Fields = { 'accept-language': 'en' };

  /** @param keepsCookies false for one that refuses them */
  constructor(
    private readonly roster: Roster,
    private readonly keepsCookies = true,
  ) {}

  async open(path: string, headers: Fields = {}): Promise<PageAnswer> {
    const request = this.roster.api.get(path).redirects(0);
    return this.take(path, await request.set(this.given({ 'sec-fetch-site': 'none', ...headers })).ok(() => true));
  }

  /** Posts a form. @param headers `{}` for one that does not say where it comes from */
  async post(
    path: string,
    fields: Fields = {},
    headers: Fields = { 'sec-fetch-site': 'same-origin' },
  ): Promise<PageAnswer> {
    const request = this.roster.api.post(path).redirects(0).type('form').set(this.given(headers));
    return this.take(path, await request.send(fields).ok(() => true));
  }

  /**
   * Fills in a form of a page and sends it by a button.
   * @param fields what is typed or ticked, beside what the page has filled in itself
   * @param button the text of it; the first one by default
   */
  async submit(page: PageAnswer, fields: Fields = {}, button?: string): Promise<PageAnswer> {
    const form = formsOf(page.text).find(
      ({ buttons }) => button === undefined || buttons.some(({ text }) => text === button),
    );
    if (!form) throw new Error(`${page.path} has no form with the button ${button ?? ''}:\n${page.text}`);
    const unknown = Object.keys(fields).filter((name) => !form.names.includes(name));
    if (unknown.length > 0) throw new Error(`The form of ${page.path} has no ${unknown.join(', ')}`);
    const action = form.buttons.find(({ text }) => text === button)?.action ?? form.action;
    return this.follow(await this.post(action, { ...form.values, ...fields }));
  }

  /** Where redirects of our own lead; the first answer otherwise. */
  async follow(answer: PageAnswer): Promise<PageAnswer> {
    let last = answer;
    for (let steps = 0; last.location?.startsWith('/') === true; steps++) {
      if (steps === 8) throw new Error(`${answer.path} leads in a circle`);
      last = await this.open(last.location);
    }
    return last;
  }

  private given(headers: Fields): Fields {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { accept: HTML, ...this.headers, ...(cookie && { cookie }), ...headers };
  }

  private take(path: string, { status, text, headers }: Response): PageAnswer {
    const setCookies = [(headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
    for (const cookie of this.keepsCookies ? setCookies : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0(?:;|$)/.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const all = headers as Record<string, string>;
    return { path, status, text, headers: all, location: all['location'], setCookies };
  }
}

interface Form {
  readonly action: string;
  /** What the page itself has filled in. */
  readonly values: Fields;
  readonly names: readonly string[];
  readonly buttons: readonly {
    readonly text: string;
    readonly action: string | undefined;
    /** What it sends beside the fields. */
    readonly value: Fields;
  }[];
}

export function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form[^>]*?action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(([, action = '', inner = '']) => {
    const inputs = [...inner.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)].map(([tag]) => tag);
    const named = inputs.flatMap((tag) => {
      const name = attribute(tag, 'name');
      return name === undefined ? [] : [{ name, tag }];
    });
    const sent = named.filter(({ tag }) => !tag.includes('type="checkbox"') || / checked/.test(tag));
    return {
      action: unescaped(action),
      values: Object.fromEntries(sent.map(({ name, tag }) => [name, attribute(tag, 'value') ?? ''])),
      names: named.map(({ name }) => name),
      buttons: [...inner.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].map(([, tag = '', text = '']) => ({
        text: unescaped(text.replace(/<[^>]*>/g, '').trim()),
        action: attribute(tag, 'formaction'),
        value: valueOf(tag),
      })),
    };
  });
}

function valueOf(button: string): Fields {
  const name = attribute(button, 'name');
  return name === undefined ? {} : { [name]: attribute(button, 'value') ?? '' };
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

function unescaped(text: string): string {
  const entities: Record<string, string> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#x27': "'",
    '#x3D': '=',
    '#x60': '`',
  };
  return text.replace(/&([#\w]+);/g, (whole, name: string) => entities[name] ?? whole);
}
