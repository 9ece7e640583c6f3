import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bareAddress, UNKNOWN_ADDRESS } from './client-address.js';
import type { UserRole } from './role.js';
import type { Scope } from './scopes.js';

/** The authenticated user of this request, with the current role and session, or the service account whose key was sent. */
export interface Caller {
  readonly userId: string;
  readonly role: UserRole;
  readonly sessionId: string;
  /** The bearer token of a user who is to set up a second factor and has no session; `sessionId` is that of the token. */
  readonly setupToken?: string;
  /** For a service account, the key that it sent and what that may be used for; `sessionId` is that of the key, and no session has it. */
  readonly service?: ServiceKeyUse;
}

export interface ServiceKeyUse {
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

/** The actor of an event, as stored in the log. */
export type Actor =
  | { readonly kind: 'user'; readonly id: string; readonly role: UserRole }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'system' };

/** Context of the request that a use case serves. */
export interface RequestContext {
  readonly actor: Actor;
  readonly traceId: string;
  /**
   * Normalised address of the client (`X-Forwarded-For` counts for `TRUST_PROXY` only); null for work that no request caused.
   */
  readonly ip: string | null;
  readonly userAgent: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access guard on routes that require at least AUTHENTICATED. */
    caller?: Caller;
    /** The ids of the users whose data the answer holds, for the evidence of an export. */
    concerned?: readonly string[];
  }
}

const MAX_USER_AGENT = 512;

export function contextOf(request: FastifyRequest): RequestContext & { readonly ip: string } {
  const caller = request.caller;
  return {
    actor: caller ? { kind: 'user', id: caller.userId, role: caller.role } : { kind: 'anonymous' },
    traceId: request.id,
    // Set by `findClients`; the server of an embedding application has it from elsewhere.
    ip: bareAddress(request.ip) ?? bareAddress(request.socket.remoteAddress) ?? UNKNOWN_ADDRESS,
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
  };
}

/** The context of background work. */
export function systemContext(traceId: string): RequestContext {
  return { actor: { kind: 'system' }, traceId, ip: null, userAgent: null };
}

/** Parameter: actor, client and trace id of the request. */
export const Context = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  contextOf(execution.switchToHttp().getRequest<FastifyRequest>()),
);

/** Parameter: the authenticated caller; only on routes that require at least AUTHENTICATED. */
export const CurrentCaller = createParamDecorator((_: unknown, execution: ExecutionContext) => {
  const caller = execution.switchToHttp().getRequest<FastifyRequest>().caller;
  if (!caller) throw new Error('CurrentCaller is used on a route that lets ANONYMOUS in');
  return caller;
});
