import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';
import { FLOW_SECONDS } from './provider-flows.js';

const VALUE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Binds a sign-in that leaves for a provider to the browser that leaves, so that nobody is signed in by a link with a stranger's code
 * (login CSRF; RFC 9700, 2.1). `Lax`, since the browser comes back from another site.
 */
@Injectable()
export class FlowCookies {
  private readonly name: string;
  private readonly attributes: string;

  constructor(@InjectSettings() { PUBLIC_URL }: Settings) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-provider', 'Lax', {
      publicUrl: PUBLIC_URL,
      maxAgeSeconds: FLOW_SECONDS,
    }));
  }

  /** The browser that leaves; it keeps its value if it has one, since several tabs may be under way. */
  bind(request: FastifyRequest, reply: FastifyReply): Buffer {
    const value = this.read(request) ?? randomBytes(32).toString('base64url');
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}`);
    return hashOf(value);
  }

  /** The browser that comes back; undefined without a cookie. */
  of(request: Pick<FastifyRequest, 'headers'>): Buffer | undefined {
    const value = this.read(request);
    return value === undefined ? undefined : hashOf(value);
  }

  private read({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.name);
    // Two of one name: one of them was planted by a neighbouring host, and nothing tells which.
    const [value = ''] = values;
    return values.length === 1 && VALUE.test(value) ? value : undefined;
  }
}

function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
