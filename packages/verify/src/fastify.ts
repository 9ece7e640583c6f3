import type {} from 'fastify';
import { VerifyError } from './errors.js';
import type { Role, RosterUser } from './user.js';
import type { Verifier } from './verifier.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token the request has; set by `allow`. */
    roster?: RosterUser;
  }
}

interface Request {
  readonly headers: { readonly authorization?: string | undefined };
  roster?: RosterUser;
}

interface Reply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** `onRequest` hook of Fastify: lets users in that have one of these roles or a higher one, every user for none, and sets `request.roster`. */
export function allow(verifier: Verifier, ...roles: Role[]) {
  return async (request: Request, reply: Reply): Promise<unknown> => {
    try {
      request.roster = await verifier.authorize(request.headers.authorization, roles);
      return undefined;
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
      reply.code(error.status);
      reply.headers({ ...error.headers, 'content-type': 'application/problem+json; charset=utf-8' });
      return reply.send(JSON.stringify(error.problem()));
    }
  };
}
