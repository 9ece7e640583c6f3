import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Caller } from '../../access/caller.js';
import type { Assurance } from '../../auth/sessions/assurance.js';

/** A request on its way to the library, with what Roster knows of it. */
export interface Visit {
  readonly reply: FastifyReply;
  /** Who is signed in in this browser. */
  readonly signedIn: { readonly caller: Caller; readonly assurance: Assurance } | undefined;
}

const visits = new WeakMap<IncomingMessage, Visit>();

export function setVisit(request: IncomingMessage, visit: Visit): void {
  visits.set(request, visit);
}

export function visitOf(request: IncomingMessage): Visit | undefined {
  return visits.get(request);
}
