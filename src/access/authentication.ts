import type { FastifyRequest } from 'fastify';
import type { ServiceToken } from './allow.decorator.js';
import type { Caller } from './caller.js';

/** Authenticates requests. Implemented by `auth`; the guard depends on this class, so that `access` stays a leaf. */
export abstract class Authentication {
  /** @returns undefined without a valid access token or session cookie */
  abstract callerOf(request: Pick<FastifyRequest, 'method' | 'headers'>): Promise<Caller | undefined>;

  /** Whether the request comes from a service that sends the token of the setting, or needs none. */
  abstract isService(request: Pick<FastifyRequest, 'headers'>, token: ServiceToken): boolean;
}
