import type { FastifyRequest } from 'fastify';
import type { ServiceToken } from './allow.decorator.js';
import type { Caller } from './caller.js';

/** Finds out who sends a request. `auth` knows how; the guard asks by this name, so that `access` stays a leaf. */
export abstract class Authentication {
  /** @returns undefined for whoever has no access token, or one that is no longer good */
  abstract callerOf(request: Pick<FastifyRequest, 'headers'>): Promise<Caller | undefined>;

  /** Whether it is a service: one that sends the token of the setting, or that needs none. */
  abstract isService(request: Pick<FastifyRequest, 'headers'>, token: ServiceToken): boolean;
}
