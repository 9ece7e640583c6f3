import { type PageAnswer, PageBrowser } from './page-browser.js';
import { PASSWORD, type Roster } from './roster.js';

type Fields = Readonly<Record<string, string>>;

/** The browser of somebody who is signed in, and looks after their account. */
export class Visitor extends PageBrowser {
  private constructor(private readonly at: Roster) {
    super(at);
  }

  static async signedIn(roster: Roster, email: string, password = PASSWORD): Promise<Visitor> {
    const visitor = new Visitor(roster);
    const form = { identifier: email, password };
    const answer = await visitor.post('/sign-in', form);
    if (answer.status !== 303) throw new Error(`${email} could not sign in: ${textOf(answer)}`);
    return visitor;
  }

  /** Sends a form that is to work, and goes on to the page that says so. */
  async send(path: string, form: Fields = {}): Promise<PageAnswer> {
    const answer = await this.post(path, form);
    if (answer.status !== 303) throw new Error(`POST ${path} answered ${answer.status}: ${textOf(answer)}`);
    return this.open(answer.location ?? '');
  }

  /** One with the same cookies, as a second tab or a thief has them. */
  copy(): Visitor {
    const visitor = new Visitor(this.at);
    for (const [name, value] of this.cookies) visitor.cookies.set(name, value);
    return visitor;
  }
}

/** What a page says, without its markup. */
export function textOf({ text }: Pick<PageAnswer, 'text'>): string {
  return text
    .replace(/<(head|script)\b.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x27;/g, "'")
    .replace(/\s+/g, ' ')
    .trim();
}

/** The value of an input or hidden field; empty where there is none. */
export function valueOf({ text }: Pick<PageAnswer, 'text'>, field: string): string {
  return new RegExp(`<input[^>]* name="${field}"[^>]* value="([^"]*)"`).exec(text)?.[1] ?? '';
}
