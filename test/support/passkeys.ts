import { Authenticator, type CreationOptions, type Lies, type RequestOptions } from './authenticator.js';
import type { Roster } from './roster.js';

/** Somebody who has a passkey. */
export interface PasskeyOwner {
  readonly id: string;
  readonly email: string;
  /** An access token, of a sign-in by password that was stepped up by the passkey. */
  readonly token: string;
  readonly device: Authenticator;
  readonly passkeyId: string;
}

type SignedIn = Pick<PasskeyOwner, 'id' | 'token'>;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** The calls of people who use passkeys, and some who have one. */
export class PasskeyUsers {
  private readonly people = new Map<string, PasskeyOwner>();

  constructor(private readonly roster: Roster) {}

  async optionsToAdd({ id, token }: SignedIn): Promise<CreationOptions> {
    const { body } = await this.roster.api.post(`/users/${id}/passkeys/options`).set(bearer(token)).expect(200);
    return body as CreationOptions;
  }

  add({ id, token }: SignedIn, credential: object, more: object = {}) {
    const headers = { ...bearer(token), 'user-agent': CHROME };
    return this.roster.api
      .post(`/users/${id}/passkeys`)
      .set(headers)
      .send({ credential, ...more });
  }

  async optionsToSignIn(headers: Record<string, string> = {}): Promise<RequestOptions> {
    const { body } = await this.roster.api.post('/auth/passkey/options').set(headers).expect(200);
    return body as RequestOptions;
  }

  signIn(assertion: object, more: object = {}, at = this.roster) {
    return at.api.post('/auth/passkey').send({ assertion, ...more });
  }

  /** A sign-in with a challenge of its own. @returns its answer */
  async signInWith(device: Authenticator, lies: Lies = {}) {
    return await this.signIn(device.get(await this.optionsToSignIn(), lies));
  }

  async optionsToStepUp(token: string): Promise<RequestOptions> {
    const { body } = await this.roster.api.post('/auth/step-up/passkey-options').set(bearer(token)).expect(200);
    return body as RequestOptions;
  }

  async stepUp({ token, device }: Pick<PasskeyOwner, 'token' | 'device'>): Promise<{ accessToken: string }> {
    const assertion = device.get(await this.optionsToStepUp(token));
    const proof = { method: 'passkey', assertion };
    const { body } = await this.roster.api.post('/auth/step-up').set(bearer(token)).send(proof).expect(200);
    return body as { accessToken: string };
  }

  async join(name: string, device = new Authenticator()): Promise<PasskeyOwner> {
    const email = `${name}@example.com`;
    const { id, token } = await this.roster.join(email);
    const credential = device.create(await this.optionsToAdd({ id, token }));
    const { body } = await this.add({ id, token }, credential).expect(201);
    const { accessToken } = await this.stepUp({ token, device });
    return { id, email, token: accessToken, device, passkeyId: (body as { id: string }).id };
  }

  /** One of this name for the whole file. */
  async person(name: string): Promise<PasskeyOwner> {
    const known = this.people.get(name) ?? (await this.join(name));
    this.people.set(name, known);
    return known;
  }
}

/** What a hostile browser or authenticator may say instead of the truth, in whatever it is asked for. */
export const LIES: readonly [string, Lies][] = [
  ['a page of another origin', { origin: 'https://localhost.evil.example' }],
  ['a page of another port', { origin: 'http://localhost:3001' }],
  ['a page within one of another origin', { crossOrigin: true }],
  ['another host', { rpId: 'evil.example' }],
  ['another kind of call', { type: 'payment.get' }],
  ['a challenge that was never given', { challenge: Buffer.alloc(32).toString('base64url') }],
  ['nobody present', { userPresent: false }],
  ['nobody verified', { userVerified: false }],
  ['a backup of what cannot be backed up', { backedUp: true }],
];
