import type { FastifyRequest } from 'fastify';
import type { ServiceToken } from './allow.decorator.js';
import type { Caller } from './caller.js';

/** Authenticates requests. Implemented by `auth`; the guard depends on this class, so that `access` stays a leaf. */
export abstract class Authentication {
  /**
   * @param isUse false for a repeated check, which does not extend the session
   * @returns undefined without a valid access token or session cookie
   * @throws DomainError `cross-site-request` for a change by cookie that comes from another site
   */
  abstract callerOf(request: FastifyRequest, isUse?: boolean): Promise<Caller | undefined>;

  /** Whether the request comes from a service that sends the token of the setting, or needs none. */
  abstract isService(request: Pick<FastifyRequest, 'headers'>, token: ServiceToken): boolean;
}
