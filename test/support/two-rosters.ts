import { PASSWORD, type Roster, startRoster } from './roster.js';

export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string };
}

/** Two servers on one database, each with a memory of its own. */
export class TwoRosters {
  private constructor(
    readonly one: Roster,
    readonly other: Roster,
  ) {}

  /**
   * @param environment of the first one only
   * @param both of both of them
   */
  static async start(environment: Record<string, string> = {}, both: Record<string, string> = {}): Promise<TwoRosters> {
    const one = await startRoster({ ...both, ...environment });
    // Jobs are done, and mails sent, by either of them.
    return new TwoRosters(one, await startRoster({ ...both, SMTP_URL: one.inbox.url }, [], one.database));
  }

  async stop(): Promise<void> {
    await this.other.app.close();
    await this.other.inbox.down();
    await this.one.stop();
  }

  me(token: string, at = this.one) {
    return at.api.get('/users/me').set(as(token));
  }

  refresh(refreshToken: string, at = this.one) {
    return at.api.post('/auth/refresh').send({ refreshToken });
  }

  /** The session after a refresh that succeeds. */
  async next({ refreshToken }: SignedIn, at = this.one): Promise<SignedIn> {
    return (await this.refresh(refreshToken, at).expect(200)).body as SignedIn;
  }

  async login(email: string, headers: Record<string, string> = {}): Promise<SignedIn> {
    const attempt = { identifier: email, password: PASSWORD };
    return (await this.one.api.post('/auth/login').set(headers).send(attempt).expect(200)).body as SignedIn;
  }

  /** Somebody new, signed in for the second time. */
  async join(name: string): Promise<SignedIn> {
    await this.one.join(`${name}@example.com`);
    return this.login(`${name}@example.com`);
  }
}

export const as = (token: string) => ({ authorization: `Bearer ${token}` });
export const idOf = ({ refreshToken }: SignedIn) => refreshToken.split('.')[0]!;
