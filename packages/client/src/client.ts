import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './schema.js';
import { TokenSession, type Tokens, type TokenStore } from './session.js';

export interface RosterClientOptions {
  /** The address of Roster: `https://accounts.example.com`. */
  readonly baseUrl: string;
  /** Where tokens are kept; in memory by default. */
  readonly store?: TokenStore;
  /** `cookie` for a browser, whose session is in a cookie that no script can read; `tokens` by default. */
  readonly session?: 'tokens' | 'cookie';
  /** Sent as it is with every request, instead of a session: the key of a service account. */
  readonly key?: string;
  /** Another `fetch`, such as one with a proxy. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

type Path = keyof paths;

/** The API of Roster: `client.api.GET('/users/me')`, typed by the API document, with a session that is kept up. */
export class RosterClient {
  /** Every operation of the API (openapi-fetch): answers are `{ data, error, response }`, and none throws for a status. */
  readonly api: Client<paths>;
  private readonly session: TokenSession | undefined;
  private readonly byCookie: boolean;

  constructor({ baseUrl, store = inMemory(), session = 'tokens', key, fetch: given }: RosterClientOptions) {
    const base = baseUrl.replace(/\/$/, '');
    const send = given ?? ((request: Request) => fetch(request));
    this.byCookie = session === 'cookie';
    const tokens = session === 'tokens' && key === undefined ? new TokenSession(base, store, send) : undefined;
    this.session = tokens;
    this.api = createClient<paths>({
      baseUrl: base,
      ...(this.byCookie && { credentials: 'include' as const }),
      ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
      fetch: tokens ? (request) => (isPublic(base, request) ? send(request) : tokens.send(request)) : send,
    });
  }

  /** Signs in with a password. Read `error.code`: `second-factor-required` goes on with `POST /auth/second-factor` and `keep`. */
  async signIn(identifier: string, password: string) {
    const body = { identifier, password, ...(this.byCookie && { session: 'cookie' as const }) };
    const answer = await this.api.POST('/auth/login', { body });
    if (answer.data) await this.keep(answer.data);
    return answer;
  }

  /** Keeps the session of another way to sign in: the answer of `/auth/second-factor`, `/auth/passkey`, `/auth/magic-link`. */
  async keep(signedIn: object): Promise<void> {
    await this.session?.begin(signedIn);
  }

  /** Ends the session at Roster and here; here even where Roster cannot be reached, which is thrown. */
  async signOut(): Promise<void> {
    try {
      await this.api.POST('/auth/logout');
    } finally {
      await this.session?.end();
    }
  }
}

/** Where a token would be of no use, and a wrong one in the way. */
const PUBLIC: readonly Path[] = ['/auth/login', '/auth/refresh', '/auth/second-factor'];

function isPublic(baseUrl: string, { url }: Request): boolean {
  return PUBLIC.some((path) => url === baseUrl + path);
}

function inMemory(): TokenStore {
  let kept: Tokens | undefined;
  return { get: () => kept, set: (tokens) => void (kept = tokens) };
}
