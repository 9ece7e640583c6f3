import { createHash, randomBytes } from 'node:crypto';
import { WebBrowser, type WebPage } from '../../support/web-browser.js';
import type { Ground, Registered } from './ground.js';

export const CALLBACK = 'https://app.example.com/callback';

type Parameters = Readonly<Record<string, string | undefined>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A client that sends what it is told to, however wrong. */
export class HandMadeClient {
  constructor(
    private readonly ground: Pick<Ground, 'issuer' | 'asksConsent'>,
    readonly registered: Registered,
    readonly browser: WebBrowser,
  ) {}

  /** Keeps inside Roster: a redirect to an application is where it ends. */
  static browserOf({ issuer }: Pick<Ground, 'issuer'>): WebBrowser {
    return new WebBrowser((url) => !url.startsWith(`${issuer}/`));
  }

  /** A request as it should be, with these parameters changed, or left out where undefined. */
  async authorize(changes: Parameters = {}): Promise<WebPage> {
    const parameters = {
      client_id: this.registered.clientId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid email roles',
      code_challenge: challengeOf(VERIFIER),
      code_challenge_method: 'S256',
      state: 'a-state',
      nonce: 'a-nonce',
    };
    return this.browser.open(`${this.ground.issuer}/oauth2/authorize?${String(encode({ ...parameters, ...changes }))}`);
  }

  /** What comes back to the client, after the consent that a first time needs. */
  async comeBack(changes: Parameters = {}): Promise<URLSearchParams> {
    const page = await this.authorize(changes);
    const back = this.ground.asksConsent(page) ? await this.browser.submit(page) : page;
    if (!back.url.startsWith(CALLBACK)) throw new Error(`${back.status} at ${back.url}: ${back.text}`);
    return new URL(back.url).searchParams;
  }

  async code(changes: Parameters = {}): Promise<string> {
    return (await this.comeBack(changes)).get('code') ?? '';
  }

  /** @param authorization undefined for the client's own secret by HTTP Basic; '' for none */
  async post(path: string, form: Parameters, authorization?: string): Promise<Answer> {
    const { clientId, clientSecret } = this.registered;
    const own = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const headers = authorization === '' ? {} : { authorization: authorization ?? own };
    const response = await fetch(this.ground.issuer + path, { method: 'POST', headers, body: encode(form) });
    const text = await response.text();
    const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { text };
    return { status: response.status, headers: response.headers, body };
  }

  async exchange(code: string, changes: Parameters = {}, authorization?: string): Promise<Answer> {
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      code_verifier: VERIFIER,
      ...changes,
    };
    return this.post('/oauth2/token', form, authorization);
  }

  refresh(token: unknown): Promise<Answer> {
    return this.post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: String(token) });
  }

  async tokens(): Promise<Answer['body']> {
    return (await this.exchange(await this.code())).body;
  }

  /** The status that userinfo answers to this access token. */
  async userinfo(token: unknown): Promise<Response> {
    return fetch(`${this.ground.issuer}/oauth2/userinfo`, { headers: { authorization: `Bearer ${String(token)}` } });
  }
}

export const VERIFIER = randomBytes(32).toString('base64url');

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

function encode(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
