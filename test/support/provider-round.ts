import { expect } from '@jest/globals';
import type { FakePerson, IdentityProvider } from './identity-provider.js';
import { type PageAnswer, PageBrowser } from './page-browser.js';
import type { Roster } from './roster.js';

/** Rounds of browsers to a provider and back. */
export class ProviderRound {
  constructor(
    private readonly roster: Roster,
    private readonly id: string,
    private readonly provider: IdentityProvider,
  ) {}

  /** Leaves for the provider. @returns where the browser is sent back to */
  async leave(browser: PageBrowser, query = ''): Promise<string> {
    const start = await browser.open(`/auth/providers/${this.id}/start${query}`);
    expect(start.status).toBe(303);
    const back = await this.provider.authorize(start.location ?? '');
    return back.pathname + back.search;
  }

  /** The whole round, as this person. */
  async signIn(person: FakePerson, browser = new PageBrowser(this.roster), query = ''): Promise<PageAnswer> {
    this.provider.person = person;
    return browser.open(await this.leave(browser, query));
  }

  /** Where a browser ends whose provider is hostile. */
  async problemOf(person: FakePerson): Promise<string | undefined> {
    const { location } = await this.signIn(person);
    return new URL(location ?? '', 'http://localhost').searchParams.get('problem') ?? location;
  }
}

/** What `GET /auth/session` says of the browser. */
export async function sessionOf(roster: Roster, browser: PageBrowser) {
  const cookie = `roster-session=${browser.cookies.get('roster-session') ?? ''}`;
  const { body } = await roster.api.get('/auth/session').set('cookie', cookie).expect(200);
  return body as { acr: string; amr: string[]; user: Record<string, unknown> & { id: string } };
}
