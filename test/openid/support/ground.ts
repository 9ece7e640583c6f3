import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/process.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../../support/roster.js';
import type { WebBrowser, WebPage } from '../../support/web-browser.js';

export interface Registered {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Roster at an address of its own, so that programs outside find what its documents name. */
export class Ground {
  private constructor(
    readonly roster: Roster,
    readonly issuer: string,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<Ground> {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const roster = await startRoster({
      PORT: String(port),
      PUBLIC_URL: issuer,
      // Programs under test are at loopback addresses.
      WEBHOOK_ALLOW_PRIVATE: 'true',
      ...environment,
    });
    return new Ground(roster, issuer);
  }

  async register(
    client: { readonly redirectUris: readonly string[] } & Readonly<Record<string, unknown>>,
  ): Promise<Registered> {
    const token = await this.roster.signIn();
    const input = { name: 'An application', claimsInIdToken: true, ...client };
    const { body } = await this.roster.api
      .post('/clients')
      .set('authorization', `Bearer ${token}`)
      .send(input)
      .expect(201);
    return { clientSecret: '', ...(body as { clientId: string; clientSecret?: string }) };
  }

  /** Somebody with this role, by a name that becomes an address. @returns the id */
  async person(name: string, role = 'MANAGER'): Promise<string> {
    const { id } = await this.roster.join(emailOf(name));
    const act = this.roster.api.put(`/users/${id}/role`).set('authorization', `Bearer ${await this.roster.signIn()}`);
    await act.send({ role }).expect(200);
    return id;
  }

  /** What an admin does to somebody who left: every session ends. */
  async endSessions(userId: string): Promise<void> {
    const act = this.roster.api.delete(`/users/${userId}/sessions`);
    await act.set('authorization', `Bearer ${await this.roster.signIn()}`).expect(204);
  }

  /** On Roster's own pages, as far as they ask: who it is, and whether the application may know. */
  async signIn(browser: WebBrowser, page: WebPage, name: string, password = PASSWORD): Promise<WebPage> {
    let now = page;
    if (this.asksWho(now)) {
      const identifier = name === 'admin' ? ADMIN.email : emailOf(name);
      now = await browser.submit(
        now,
        { identifier, password: name === 'admin' ? ADMIN.password : password },
        'Sign in',
      );
    }
    return this.asksConsent(now) ? browser.submit(now) : now;
  }

  asksWho({ url }: WebPage): boolean {
    return url.startsWith(`${this.issuer}/sign-in`);
  }

  asksConsent({ url }: WebPage): boolean {
    return url.startsWith(`${this.issuer}/oauth2/interaction/`);
  }

  stop(): Promise<void> {
    return this.roster.stop();
  }
}

export const emailOf = (name: string): string => `${name}@example.com`;

/** Asks again until it is so. @throws Error with the last answer */
export async function until<T>(what: string, ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`${what} did not come about: ${JSON.stringify(answer).slice(0, 2000)}`);
    await sleep(200);
  }
}
