import { PASSWORD, type Roster } from './roster.js';
import { addTotp, freshCode, type SetUp, ticketOf } from './totp.js';

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers: object;
}

export interface TotpUser extends SetUp {
  readonly email: string;
  readonly id: string;
  readonly token: string;
}

/** Users with an authenticator app as their second factor, and what they do. */
export class TotpUsers {
  constructor(private readonly roster: Roster) {}

  async join(name: string): Promise<TotpUser> {
    const email = `${name}@example.com`;
    const { id, token } = await this.roster.join(email);
    return { email, id, token, ...(await addTotp(this.roster, token)) };
  }

  login(identifier: string, choice: object = {}, headers: Record<string, string> = {}) {
    return this.roster.api
      .post('/auth/login')
      .set(headers)
      .send({ identifier, password: PASSWORD, ...choice });
  }

  present(token: string, code: string, more: object = {}, at = this.roster) {
    return at.api.post('/auth/second-factor').send({ token, method: 'totp', code, ...more });
  }

  /** A sign-in with both steps, from which on the device is known. */
  async signIn({ email, id, secret }: TotpUser): Promise<{ accessToken: string; deviceToken: string }> {
    const token = ticketOf(await this.login(email));
    const { body } = await this.present(token, await freshCode(this.roster, secret, id)).expect(200);
    return body as { accessToken: string; deviceToken: string };
  }

  /** So many wrong codes, a ticket for each. @returns the answers */
  async guess({ email }: TotpUser, times: number, choice: object = {}): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let time = 0; time < times; time++) {
      answers.push(await this.present(ticketOf(await this.login(email, choice)), '000000', choice));
    }
    return answers;
  }

  async sessionsOf(id: string): Promise<number> {
    return (await this.roster.database.query('SELECT FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [id]))
      .length;
  }
}
