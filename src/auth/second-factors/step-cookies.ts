import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SECOND_FACTOR_METHODS, type SecondFactorMethod } from './second-factor.js';
import type { SecondStep } from './second-factor-errors.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';

const SHAPE = /^([0-9a-f]{32}\.[A-Za-z0-9_-]{43})~([a-z~-]{0,60})$/;

/** The step that the browser has before it. */
export type PendingStep = Pick<SecondStep, 'token' | 'methods'>;

/**
 * Carries the ticket of a sign-in from its first form to the next, so that it is in no address. The ticket is bound to another cookie
 * of this browser, and ends with it; this one is deleted after the same five minutes.
 */
@Injectable()
export class StepCookies {
  private readonly name: string;
  private readonly attributes: string;

  constructor(@InjectSettings() { PUBLIC_URL }: Settings) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-sign-in-step', 'Strict', {
      publicUrl: PUBLIC_URL,
    }));
  }

  set(reply: FastifyReply, { token, methods, expiresIn }: SecondStep): void {
    const value = [token, ...methods].join('~');
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}; Max-Age=${expiresIn}`);
  }

  /** What the browser may present; the methods decide only what its page shows. */
  read({ headers }: Pick<FastifyRequest, 'headers'>): PendingStep | undefined {
    const values = cookiesNamed(headers.cookie ?? '', this.name);
    const [, token, listed = ''] = (values.length === 1 && SHAPE.exec(values[0] ?? '')) || [];
    if (token === undefined) return undefined;
    const names = listed.split('~');
    return { token, methods: SECOND_FACTOR_METHODS.filter((method: SecondFactorMethod) => names.includes(method)) };
  }

  clear(reply: FastifyReply): void {
    void reply.header('set-cookie', `${this.name}=; ${this.attributes}; Max-Age=0`);
  }
}
