import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';

const VALUE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Binds the challenge of a sign-in to the browser that asked for it, by a cookie that scripts cannot read. Clients that keep no
 * cookies, such as apps, have challenges that are bound to nothing but their five minutes and one use.
 */
@Injectable()
export class ChallengeCookies {
  private readonly name: string;
  private readonly attributes: string;
  private readonly origin: string;

  constructor(@InjectSettings() { PUBLIC_URL }: Settings) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-passkey', 'Strict', {
      publicUrl: PUBLIC_URL,
    }));
    this.origin = new URL(PUBLIC_URL).origin;
  }

  /**
   * The browser that asks for options, which keeps its cookie if it has one: several tabs may wait at once.
   * @returns undefined for a client that shows no sign of keeping cookies
   */
  bind(request: FastifyRequest, reply: FastifyReply): Buffer | undefined {
    const known = this.of(request);
    if (known || !this.isOwnPage(request)) return known;
    const value = randomBytes(32).toString('base64url');
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}`);
    return hashOf(value);
  }

  /** The browser that sends an assertion; undefined without a cookie. */
  of({ headers }: Pick<FastifyRequest, 'headers'>): Buffer | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.name);
    const [value] = values;
    return values.length === 1 && value !== undefined && VALUE.test(value) ? hashOf(value) : undefined;
  }

  /** Scripts of our own pages send and keep cookies; what those of other origins do is for them to decide. */
  private isOwnPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
    return headers['sec-fetch-site'] === 'same-origin' || headers.origin === this.origin;
  }
}

function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
