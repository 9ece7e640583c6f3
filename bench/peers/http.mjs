import { Buffer } from 'node:buffer';
import { URL, URLSearchParams } from 'node:url';
import { call } from '../support/load.mjs';

/** A request that has to be answered with one of these statuses. @returns the answer, with `json` */
export async function ask(url, { json, form, expected = [200], ...options } = {}) {
  const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json);
  const type = json === undefined ? form && 'application/x-www-form-urlencoded' : 'application/json';
  const headers = { ...(type && { 'content-type': type }), ...options.headers };
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const answer = await call(url, { ...options, method, headers, body });
  if (!expected.includes(answer.status)) {
    throw new Error(`${method} ${url}: ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  return { ...answer, json: /^[[{]/.test(answer.text) ? JSON.parse(answer.text) : undefined };
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });
export const basic = (name, password) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

/** Cookies of one browser, by name: of one host, for all paths. */
export class Jar {
  #cookies = new Map();

  take({ headers }) {
    for (const cookie of [headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/;\s*max-age=0|01[- ]jan[- ]1970/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  get headers() {
    return { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** Follows redirects as a browser does, until one leads to `target`. @returns that address, or the page where it ends */
  async follow(url, target, options = {}) {
    let next = { url, ...options };
    for (let hop = 0; hop < 10; hop++) {
      const { url: at, ...more } = next;
      const answer = await ask(at, {
        expected: [200, 302, 303],
        ...more,
        headers: { ...this.headers, ...more.headers },
      });
      this.take(answer);
      if (answer.status === 200) return { page: answer.text, url: at };
      const to = new URL(answer.headers.location, at).href;
      if (to.startsWith(target)) return { arrived: new URL(to) };
      next = { url: to };
    }
    throw new Error(`Too many redirects from ${url}`);
  }

  /** Sends the first form of a page that has all these fields. */
  submit({ page, url }, target, fields) {
    const forms = [...page.matchAll(/<form[^]*?<\/form>/g)].map(([form]) => form);
    const form = forms.find((one) => Object.keys(fields).every((name) => one.includes(`name="${name}"`)));
    if (form === undefined) throw new Error(`No form with ${Object.keys(fields).join(', ')} at ${url}`);
    const action = /^<form[^>]* action="([^"]*)"/.exec(form)?.[1] ?? url;
    const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
      /name="([^"]*)"/.exec(input)?.[1] ?? '',
      plain(/value="([^"]*)"/.exec(input)?.[1] ?? ''),
    ]);
    return this.follow(new URL(plain(action), url).href, target, {
      form: { ...Object.fromEntries(hidden), ...fields },
      headers: { 'sec-fetch-site': 'same-origin' },
    });
  }
}

const plain = (html) => html.replaceAll('&#x3D;', '=').replaceAll('&#x2F;', '/').replaceAll('&amp;', '&');
