import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bareAddress, UNKNOWN_ADDRESS } from './client-address.js';
import type { UserRole } from './role.js';

/** Who signed in, as the access guard found it on this request: role and session are those of this moment. */
export interface Caller {
  readonly userId: string;
  readonly role: UserRole;
  readonly sessionId: string;
}

/** Who did something, as the event log keeps it. */
export type Actor =
  | { readonly kind: 'user'; readonly id: string; readonly role: UserRole }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'system' };

/** What every use case is told about the request that it serves. */
export interface RequestContext {
  readonly actor: Actor;
  readonly traceId: string;
  /**
   * Address of the client, behind trusted proxies only by `TRUST_PROXY`, in one spelling; null for work that no request caused.
   */
  readonly ip: string | null;
  readonly userAgent: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access guard on routes that ask for at least AUTHENTICATED. */
    caller?: Caller;
  }
}

const MAX_USER_AGENT = 512;

export function contextOf(request: FastifyRequest): RequestContext & { readonly ip: string } {
  const caller = request.caller;
  return {
    actor: caller ? { kind: 'user', id: caller.userId, role: caller.role } : { kind: 'anonymous' },
    traceId: request.id,
    // As the server found it (`findClients`); an embedding application's own server has it from elsewhere.
    ip: bareAddress(request.ip) ?? bareAddress(request.socket.remoteAddress) ?? UNKNOWN_ADDRESS,
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
  };
}

/** For work that the server does by itself. */
export function systemContext(traceId: string): RequestContext {
  return { actor: { kind: 'system' }, traceId, ip: null, userAgent: null };
}

/** Parameter: who asks, from where, under which trace id. */
export const Context = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  contextOf(execution.switchToHttp().getRequest<FastifyRequest>()),
);

/** Parameter: the signed-in caller; only on routes that ask for at least AUTHENTICATED. */
export const CurrentCaller = createParamDecorator((_: unknown, execution: ExecutionContext) => {
  const caller = execution.switchToHttp().getRequest<FastifyRequest>().caller;
  if (!caller) throw new Error('CurrentCaller is used on a route that lets ANONYMOUS in');
  return caller;
});
