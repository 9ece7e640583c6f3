/** The tokens of a session, as signing in and refreshing answer them. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Where tokens are kept. */
export interface TokenStore {
  get(): Tokens | undefined | Promise<Tokens | undefined>;
  /** @param tokens undefined once the session has ended */
  set(tokens: Tokens | undefined): void | Promise<void>;
}

interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

type Fetch = (request: Request) => Promise<Response>;

/** A token is replaced so long before it expires, for clocks and ways that take time. */
const EARLY_MS = 10_000;
const ATTEMPTS = 3;

/** Sends requests with the access token of a session, and refreshes it. */
export class TokenSession {
  /** By refresh token. */
  private readonly refreshing = new Map<string, Promise<Tokens | undefined>>();

  constructor(
    private readonly baseUrl: string,
    private readonly store: TokenStore,
    private readonly fetch: Fetch,
  ) {}

  /** Keeps the tokens of an answer of `POST /auth/login` and its like. */
  async begin(signedIn: object): Promise<void> {
    if (isSignedIn(signedIn)) await this.store.set(tokensOf(signedIn));
  }

  async end(): Promise<void> {
    await this.store.set(undefined);
  }

  /**
   * Sends the request, and once more with a new token if the one that it had no longer holds; never with the token of another session,
   * which somebody else may have begun meanwhile.
   */
  async send(request: Request): Promise<Response> {
    if (request.headers.has('authorization')) return this.fetch(request);
    const again = request.clone();
    const known = await this.store.get();
    const tokens = known && known.expiresAt - EARLY_MS < Date.now() ? await this.early(known) : known;
    const answer = await this.fetch(withToken(request, tokens));
    if (answer.status !== 401 || !tokens || !answer.headers.get('www-authenticate')?.startsWith('Bearer'))
      return answer;
    if ((await codeOf(answer)) !== 'not-authenticated') return answer;
    const next = await this.refresh(tokens);
    return next ? this.fetch(withToken(again, next)) : answer;
  }

  /** Newer tokens; those that are known, which may hold for some seconds more, if Roster has none now; none if the session has ended. */
  private async early(known: Tokens): Promise<Tokens | undefined> {
    const next = await this.refresh(known);
    return next ?? ((await this.store.get()) && known);
  }

  /**
   * Of any number of requests at once, one refreshes; the others wait for it.
   * @param outdated the tokens that do not hold any more
   * @returns newer ones of the same session, if there are any
   */
  private async refresh(outdated: Tokens): Promise<Tokens | undefined> {
    const now = await this.store.get();
    // Another request, or another tab with the same store, was first.
    if (now?.accessToken !== outdated.accessToken) return ofSameSession(now, outdated);
    const { refreshToken } = outdated;
    const running = this.refreshing.get(refreshToken);
    if (running) return running;
    const renewing = this.renew(outdated).finally(() => this.refreshing.delete(refreshToken));
    this.refreshing.set(refreshToken, renewing);
    return renewing;
  }

  /** A refresh whose answer was lost may be repeated: within a few seconds, Roster answers the same. */
  private async renew(outdated: Tokens, attempt = 1): Promise<Tokens | undefined> {
    const { refreshToken } = outdated;
    const body = JSON.stringify({ refreshToken });
    const headers = { 'content-type': 'application/json' };
    let answer: Response;
    try {
      answer = await this.fetch(new Request(`${this.baseUrl}/auth/refresh`, { method: 'POST', headers, body }));
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      return this.renew(outdated, attempt + 1);
    }
    // Any other answer says nothing about the session.
    if (!answer.ok && answer.status !== 401) return undefined;
    const tokens = answer.ok ? tokensOf((await answer.json()) as SignedIn) : undefined;
    const now = await this.store.get();
    // Another tab with the same store has newer ones meanwhile, or the session is over here, or another has begun: that stays.
    if (now?.refreshToken !== refreshToken) return ofSameSession(now, outdated);
    await this.store.set(tokens);
    return tokens;
  }
}

function ofSameSession(tokens: Tokens | undefined, known: Tokens): Tokens | undefined {
  return tokens && sessionIn(tokens) === sessionIn(known) ? tokens : undefined;
}

/** The session that an access token names; read, not verified, as Roster alone relies on it. */
function sessionIn({ accessToken }: Tokens): unknown {
  const [, claims = ''] = accessToken.split('.', 2);
  try {
    const { sid } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { readonly sid?: unknown };
    return sid;
  } catch {
    return undefined;
  }
}

function tokensOf({ accessToken, refreshToken, expiresIn }: SignedIn): Tokens {
  return { accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
}

function isSignedIn(answer: object): answer is SignedIn {
  return 'accessToken' in answer && 'refreshToken' in answer && 'expiresIn' in answer;
}

function withToken(request: Request, tokens: Tokens | undefined): Request {
  if (tokens) request.headers.set('authorization', `Bearer ${tokens.accessToken}`);
  return request;
}

async function codeOf(answer: Response): Promise<unknown> {
  const problem = (await answer
    .clone()
    .json()
    .catch(() => ({}))) as { readonly code?: unknown };
  return problem.code;
}
