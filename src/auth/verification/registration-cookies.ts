import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';

const SHAPE =
  /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{0,2700})\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/;

/** A registration that was made in a browser. */
export interface BrowserRegistration {
  readonly userId: string;
  /** Where its page for registration was to lead, as it was when checked then. */
  readonly continueTo: string | null;
}

/**
 * Binds a registration to the browser that made it, until its first link expires. It proves nothing alone: only together with the
 * mailed link, which proves the address, does it sign anybody in, so that nobody is signed in to an account that a stranger began.
 */
@Injectable()
export class RegistrationCookies {
  private readonly name: string;
  private readonly attributes: string;
  private readonly seconds: number;

  constructor(
    @InjectSettings() { PUBLIC_URL, VERIFICATION_TOKEN_TTL }: Settings,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {
    this.seconds = Math.floor(VERIFICATION_TOKEN_TTL / 1000);
    // Lax: the way back from a mail is a link of another site.
    const cookie = ownCookie('roster-registration', 'Lax', { publicUrl: PUBLIC_URL, maxAgeSeconds: this.seconds });
    ({ name: this.name, attributes: this.attributes } = cookie);
  }

  set(reply: FastifyReply, { userId, continueTo }: BrowserRegistration): void {
    const { id, secret } = this.keyring.current('registration');
    const expires = (this.now() + this.seconds).toString(36);
    const content = `${userId}.${expires}.${Buffer.from(continueTo ?? '').toString('base64url')}`;
    const value = `${content}.${id}.${sign(secret, content).toString('base64url')}`;
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}`);
  }

  /** @returns undefined without a genuine cookie */
  read({ headers }: Pick<FastifyRequest, 'headers'>): BrowserRegistration | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.name);
    // Two of one name: one of them was planted by a neighbouring host, and nothing tells which.
    if (values.length !== 1) return undefined;
    const [, userId = '', expires = '', target = '', keyId = '', mac = ''] = SHAPE.exec(values[0] ?? '') ?? [];
    const key = this.keyring.find('registration', keyId);
    if (!key || Number.parseInt(expires, 36) <= this.now()) return undefined;
    const expected = sign(key.secret, `${userId}.${expires}.${target}`);
    if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) return undefined;
    return { userId, continueTo: Buffer.from(target, 'base64url').toString() || null };
  }

  /** Once it has done what it is for. */
  clear(reply: FastifyReply): void {
    void reply.header('set-cookie', `${this.name}=; ${this.attributes.replace(/Max-Age=\d+/, 'Max-Age=0')}`);
  }

  private now(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

function sign(secret: Buffer, content: string): Buffer {
  return hmacWith(secret).update(content).digest();
}
