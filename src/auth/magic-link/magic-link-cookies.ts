import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ownPages } from '../../config/link-urls.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';
import { CrossSiteRequest } from '../sessions/cross-site-request.js';
import { isForeign, trustedOrigins } from '../../http/request/foreign-request.js';

const VALUE = /^([A-Za-z0-9_-]{43})(\.k)?(?:\.c([A-Za-z0-9_-]{1,2800}))?$/;

/** What somebody wanted who asked for a sign-in link, for the sign-in that comes of it. */
export interface WantedSignIn {
  /** Where to go on, as it was given: it is checked when it is used. */
  readonly continueTo?: string | undefined;
  readonly keepSignedIn?: boolean;
}

/** What a browser keeps of its request for a sign-in link. */
interface Kept {
  readonly secret: string;
  readonly wanted: WantedSignIn;
}

/**
 * Marks the browser that asked for a sign-in link: a random value that scripts cannot read, of which the server keeps the hash.
 * `Lax`, since the link is opened from a mail, on a page of another site.
 */
@Injectable()
export class MagicLinkCookies {
  private readonly name: string;
  private readonly attributes: string;
  private readonly deletion: string;
  private readonly origins: readonly string[];
  /** False where the link leads to a page of the application, which shows no code. */
  private readonly isUsed: boolean;

  constructor(@InjectSettings() settings: Settings) {
    const { PUBLIC_URL, CORS_ORIGINS, MAGIC_LINK_TTL } = settings;
    this.isUsed = ownPages(settings)['magic-link'] === undefined;
    // A link can be extended to twice its lifetime.
    const maxAgeSeconds = Math.ceil((2 * MAGIC_LINK_TTL) / 1000);
    const cookie = { publicUrl: PUBLIC_URL };
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-magic-link', 'Lax', {
      ...cookie,
      maxAgeSeconds,
    }));
    this.deletion = ownCookie('roster-magic-link', 'Lax', { ...cookie, maxAgeSeconds: 0 }).attributes;
    this.origins = trustedOrigins(PUBLIC_URL, CORS_ORIGINS);
  }

  /**
   * For a request for a link: the browser keeps its mark, or gets one. Nothing is looked up, so the answer is the same for every
   * address.
   * @returns its hash; undefined without codes, or if a page of another site has the browser ask
   */
  mark(request: FastifyRequest, reply: FastifyReply, wanted: WantedSignIn = {}): string | undefined {
    if (!this.isUsed || isForeign(request, this.origins)) return undefined;
    const secret = this.read(request)?.secret ?? randomBytes(32).toString('base64url');
    void reply.header('set-cookie', `${this.name}=${secret}${written(wanted)}; ${this.attributes}`);
    return bindingOf(secret).toString('base64url');
  }

  /** The hash of the browser's mark, if it has one. */
  bindingOf(request: Pick<FastifyRequest, 'headers'>): Buffer | undefined {
    const kept = this.read(request);
    return kept && bindingOf(kept.secret);
  }

  /** The same, for a request that tries a code. @throws CrossSiteRequest for a page of another site, which could use up the tries */
  provenBindingOf(request: Pick<FastifyRequest, 'headers'>): Buffer | undefined {
    const binding = this.bindingOf(request);
    if (binding && isForeign(request, this.origins)) throw new CrossSiteRequest();
    return binding;
  }

  /** What was wanted when the browser asked for a link. */
  wantedBy(request: Pick<FastifyRequest, 'headers'>): WantedSignIn {
    return this.read(request)?.wanted ?? {};
  }

  /** After a sign-in. */
  forget(request: FastifyRequest, reply: FastifyReply): void {
    if (this.read(request)) void reply.header('set-cookie', `${this.name}=; ${this.deletion}`);
  }

  private read({ headers }: Pick<FastifyRequest, 'headers'>): Kept | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.name);
    // Two of one name: one of them was planted by a neighbouring host, and nothing tells which.
    const [, secret, kept, rest] = (values.length === 1 && VALUE.exec(values[0] ?? '')) || [];
    if (secret === undefined) return undefined;
    const continueTo = rest === undefined ? undefined : Buffer.from(rest, 'base64url').toString();
    return { secret, wanted: { continueTo, keepSignedIn: kept !== undefined } };
  }
}

/** `.k` to be kept signed in, `.c` and the target in base64url. */
function written({ continueTo, keepSignedIn = false }: WantedSignIn): string {
  const target = continueTo === undefined ? '' : `.c${Buffer.from(continueTo).toString('base64url')}`;
  return (keepSignedIn ? '.k' : '') + target;
}

/** SHA-256 suffices: what is hashed is random. */
export function bindingOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
