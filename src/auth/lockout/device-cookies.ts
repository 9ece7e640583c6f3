import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';
import { isForeign, trustedOrigins } from '../../http/request/foreign-request.js';
import { DeviceTokens, MOST_TOKENS, TOKEN_SEPARATOR } from './device-tokens.js';

const MAX_AGE_SECONDS = 180 * 86_400;

/**
 * Stores the device tokens of a browser in a cookie that scripts and other sites cannot access: one per user who signs in there,
 * latest first. Over HTTPS, no sibling host can plant it (`__Host-`, RFC 6265bis, 4.1.3.2).
 */
@Injectable()
export class DeviceCookies {
  private readonly name: string;
  private readonly attributes: string;
  private readonly origins: readonly string[];

  constructor(
    @InjectSettings() { PUBLIC_URL, CORS_ORIGINS }: Settings,
    private readonly devices: DeviceTokens,
  ) {
    const cookie = ownCookie('roster-device', 'Strict', { publicUrl: PUBLIC_URL, maxAgeSeconds: MAX_AGE_SECONDS });
    ({ name: this.name, attributes: this.attributes } = cookie);
    this.origins = trustedOrigins(PUBLIC_URL, CORS_ORIGINS);
  }

  /** The tokens of the browser as one string, parsed by `DeviceTokens`. */
  of({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
    return cookiesNamed(headers.cookie ?? '', this.name)[0];
  }

  /**
   * Adds the token of a user who just signed in, replacing an older one. Not for requests from another site, which could register
   * the browser for a remote attacker and evict its real users.
   */
  remember(request: FastifyRequest, reply: FastifyReply, userId: string, token: string): void {
    if (isForeign(request, this.origins)) return;
    const others = this.devices.withoutThoseOf(userId, this.of(request));
    const tokens = [token, ...others].slice(0, MOST_TOKENS).join(TOKEN_SEPARATOR);
    void reply.header('set-cookie', `${this.name}=${tokens}; ${this.attributes}`);
  }
}
