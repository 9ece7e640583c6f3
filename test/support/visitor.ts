import type { Response } from 'supertest';
import { PASSWORD, type Roster } from './roster.js';

/** What a browser says of a form on our own page. */
const OWN_FORM = { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' } as const;

/** A browser without script: it keeps cookies, asks for pages and sends forms. It follows no redirects. */
export class Visitor {
  private readonly cookies = new Map<string, string>();
  language = 'en';

  constructor(private readonly roster: Roster) {}

  /** @returns one who has signed in by the API, as a page does */
  static async signedIn(roster: Roster, email: string, password = PASSWORD): Promise<Visitor> {
    const visitor = new Visitor(roster);
    const sent = { identifier: email, password, session: 'cookie' };
    visitor.keep(await roster.api.post('/auth/login').set(OWN_FORM).send(sent).expect(200));
    return visitor;
  }

  async get(path: string): Promise<Response> {
    const request = this.roster.api.get(path).set(this.headers()).set({ accept: 'text/html' });
    return this.keep(await request);
  }

  /** @param headers in place of what a browser says of a form on our own page */
  async post(path: string, form: object = {}, headers: Readonly<Record<string, string>> = OWN_FORM): Promise<Response> {
    const request = this.roster.api.post(path).type('form').set({ accept: 'text/html' });
    return this.keep(await request.set({ ...this.headers(), ...headers }).send(form));
  }

  /** Sends a form that works, and follows to the page that says so. */
  async submit(path: string, form: object = {}): Promise<Response> {
    const response = await this.post(path, form);
    if (response.status !== 303) throw new Error(`POST ${path} answered ${response.status}: ${textOf(response)}`);
    return this.get(response.headers['location'] as string);
  }

  cookie(name: string): string | undefined {
    return this.cookies.get(name);
  }

  bring(name: string, value: string): void {
    this.cookies.set(name, value);
  }

  /** One with the same cookies, as a second tab or a thief has them. */
  copy(): Visitor {
    const visitor = new Visitor(this.roster);
    for (const [name, value] of this.cookies) visitor.cookies.set(name, value);
    return visitor;
  }

  private headers(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { 'accept-language': this.language, ...(cookie !== '' && { cookie }) };
  }

  private keep(response: Response): Response {
    for (const line of [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const end = pair.indexOf('=');
      const [name, value] = [pair.slice(0, end), pair.slice(end + 1)] as const;
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}

/** What a page says, without its markup. */
export function textOf({ text }: Pick<Response, 'text'>): string {
  return text
    .replace(/<(head|script)\b.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x27;/g, "'")
    .replace(/\s+/g, ' ')
    .trim();
}

/** The value of an input or hidden field. */
export function valueOf({ text }: Pick<Response, 'text'>, field: string): string | undefined {
  return new RegExp(`<input[^>]* name="${field}"[^>]* value="([^"]*)"`).exec(text)?.[1];
}
