import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';
import { isForeign, trustedOrigins } from '../../http/request/foreign-request.js';
import { CrossSiteRequest } from './cross-site-request.js';
import { RefreshTokens, type TokenSource } from './refresh-tokens.js';

const VALUE = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;
const BINDING = /^[A-Za-z0-9_-]{43}$/;
/** As long as a ticket of the second step. */
const BINDING_SECONDS = 300;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What a browser sent as its session. */
export interface PresentedCookie {
  readonly sessionId: string;
  readonly mac: string;
}

/** What a client may choose about the session that a sign-in starts. */
export interface SessionChoice {
  readonly session?: 'tokens' | 'cookie' | undefined;
  readonly keepSignedIn?: boolean | undefined;
}

/** The session cookie with which a browser sent a request. */
export interface BrowserCookie {
  readonly sessionId: string;
  /** Whether the value is the one that is valid now. */
  readonly isCurrent: (source: TokenSource) => boolean;
  /** Sends a new value; call it after the commit. */
  readonly send: (source: TokenSource, keepSignedIn: boolean) => void;
}

/** A sign-in whose session is to be the browser's. */
export interface BrowserSignIn {
  readonly keepSignedIn: boolean;
  /** The session that the browser had, if its cookie turns out to be genuine: it ends. */
  readonly previousSessionId: string | undefined;
  readonly isPrevious: (source: TokenSource) => boolean;
  /** Sends the cookie of the new session; call it after the commit. */
  readonly send: (source: TokenSource) => void;
  /** What binds a sign-in of several steps to this browser: the value that it sent, if any. */
  readonly binding: string | undefined;
  /** Sends that value; call it after the commit. */
  readonly bind: (value: string) => void;
  /** The tokens of remembered devices that the browser sent. */
  readonly remembered: string | undefined;
  /** Sends such tokens; call it after the commit. */
  readonly remember: (tokens: string) => void;
}

/**
 * The cookie that proves a browser session: `<session>.<HMAC-SHA-256>`, derived from the row and stored nowhere, so a copy of the
 * database signs nobody in. Out of reach of scripts; under https no other host can set it (`__Host-`, RFC 6265bis, 4.1.3.2).
 */
@Injectable()
export class SessionCookies {
  private readonly name: string;
  private readonly attributes: string;
  private readonly maxAge: string;
  private readonly binding: { readonly name: string; readonly attributes: string };
  private readonly remembered: { readonly name: string; readonly attributes: string };
  private readonly origins: readonly string[];

  constructor(
    @InjectSettings() { PUBLIC_URL, CORS_ORIGINS, REFRESH_TOKEN_ABSOLUTE_TTL, REMEMBERED_DEVICE_TTL }: Settings,
    private readonly tokens: RefreshTokens,
  ) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-session', 'Lax', { publicUrl: PUBLIC_URL }));
    const binding = { publicUrl: PUBLIC_URL, maxAgeSeconds: BINDING_SECONDS };
    this.binding = ownCookie('roster-second-factor', 'Strict', binding);
    const remembered = { publicUrl: PUBLIC_URL, maxAgeSeconds: Math.floor(REMEMBERED_DEVICE_TTL / 1000) };
    this.remembered = ownCookie('roster-remembered-device', 'Strict', remembered);
    this.maxAge = `; Max-Age=${Math.floor(REFRESH_TOKEN_ABSOLUTE_TTL / 1000)}`;
    this.origins = trustedOrigins(PUBLIC_URL, CORS_ORIGINS);
  }

  /** @returns undefined without a cookie, or for a malformed one */
  read({ headers }: Pick<FastifyRequest, 'headers'>): PresentedCookie | undefined {
    const { cookie } = headers;
    if (!cookie?.includes(this.name)) return undefined;
    const values = cookiesNamed(cookie, this.name);
    // Two of one name: one of them was planted by a neighbouring host, and nothing tells which.
    const [, sessionId, mac] = (values.length === 1 && VALUE.exec(values[0] ?? '')) || [];
    return sessionId === undefined || mac === undefined ? undefined : { sessionId, mac };
  }

  /** The bytes that the cookie of a session ends with. */
  macOf(source: TokenSource): Buffer {
    return this.tokens.macOf(source, 'cookie');
  }

  /** In constant time. */
  proves({ mac }: PresentedCookie, expected: Buffer): boolean {
    return timingSafeEqual(Buffer.from(mac, 'base64url'), expected);
  }

  /** What a browser was bound by in the first step of a sign-in; undefined without that cookie. */
  bindingOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.binding.name);
    return values.length === 1 && BINDING.test(values[0] ?? '') ? values[0] : undefined;
  }

  /**
   * For a sign-in that asks for a cookie; undefined for one that asks for tokens.
   * @throws CrossSiteRequest for a page of another site, which must not sign its visitors in as somebody else (login CSRF)
   */
  forSignIn(request: FastifyRequest, reply: FastifyReply, choice: SessionChoice): BrowserSignIn | undefined {
    if (choice.session !== 'cookie') return undefined;
    if (isForeign(request, this.origins)) throw new CrossSiteRequest();
    return this.forReturn(request, reply, choice.keepSignedIn === true);
  }

  /** For a browser that comes back from another site, to which something else binds the sign-in. */
  forReturn(request: FastifyRequest, reply: FastifyReply, keepSignedIn: boolean): BrowserSignIn {
    const previous = this.read(request);
    return {
      keepSignedIn,
      previousSessionId: previous?.sessionId,
      binding: this.bindingOf(request),
      bind: (value) => void reply.header('set-cookie', `${this.binding.name}=${value}; ${this.binding.attributes}`),
      remembered: cookiesNamed(request.headers.cookie ?? '', this.remembered.name)[0],
      remember: (tokens) =>
        void reply.header('set-cookie', `${this.remembered.name}=${tokens}; ${this.remembered.attributes}`),
      isPrevious: (source) => previous !== undefined && this.proves(previous, this.macOf(source)),
      send: (source) => {
        this.send(reply, source, keepSignedIn);
      },
    };
  }

  /** The cookie that authenticated a request, to give it a new value; undefined for a request with a token. */
  ofBrowser(request: FastifyRequest, reply: FastifyReply): BrowserCookie | undefined {
    const presented = request.headers.authorization === undefined ? this.read(request) : undefined;
    return (
      presented && {
        sessionId: presented.sessionId,
        isCurrent: (source) => this.proves(presented, this.macOf(source)),
        send: (source, keepSignedIn) => {
          this.send(reply, source, keepSignedIn);
        },
      }
    );
  }

  /** Deletes the cookie of a session that has ended from the browser that sent it. */
  clear(request: FastifyRequest, reply: FastifyReply, sessionId: string): void {
    if (this.read(request)?.sessionId !== sessionId) return;
    void reply.header('set-cookie', `${this.name}=; ${this.attributes}; Max-Age=0`);
  }

  /**
   * Refuses an unsafe request that a page of another origin may have had the browser send (CSRF; OWASP ASVS 5.0 V3.5.1): it has to
   * come from a page of ours, or of an origin in `CORS_ORIGINS`, and a browser says which. What says nothing is refused.
   * @throws CrossSiteRequest
   */
  refuseCrossSite({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): void {
    if (SAFE_METHODS.has(method)) return;
    if (headers['sec-fetch-site'] === 'same-origin') return;
    if (headers.origin !== undefined && this.origins.includes(headers.origin)) return;
    throw new CrossSiteRequest();
  }

  private send(reply: FastifyReply, source: TokenSource, keepSignedIn: boolean): void {
    const value = `${source.id}.${this.macOf(source).toString('base64url')}`;
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}${keepSignedIn ? this.maxAge : ''}`);
  }
}
