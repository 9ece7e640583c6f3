import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from '../../access/authentication.js';
import { SessionStates } from '../../auth/sessions/session-states.js';
import { OpenIdProvider } from './provider.js';
import { setVisit, type Visit } from './visits.js';

/** Hands requests to the library, with the headers that Roster sends with every answer. */
@Injectable()
export class ProtocolRequests {
  constructor(
    private readonly provider: OpenIdProvider,
    private readonly authentication: Authentication,
    private readonly states: SessionStates,
  ) {}

  /** A request of a program. */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.hand(request, { reply, signedIn: undefined });
  }

  /** A request of a browser, in which somebody may be signed in. */
  async answerInBrowser(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.hand(request, { reply, signedIn: await this.signedIn(request) });
  }

  /** Who is signed in in this browser, and how. */
  async signedIn(request: FastifyRequest): Promise<Visit['signedIn']> {
    // The session of a browser alone: a token is no way to come along here.
    const caller =
      request.headers.authorization === undefined ? await this.authentication.callerOf(request) : undefined;
    const assurance = caller && (await this.states.assuranceOf(caller.sessionId));
    if (!caller || !assurance) return undefined;
    request.caller = caller;
    return { caller, assurance };
  }

  private async hand(request: FastifyRequest, visit: Visit): Promise<void> {
    const { reply } = visit;
    const provider = await this.provider.current();
    setVisit(request.raw, visit);
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    if (request.method === 'POST') giveBody(request);
    reply.hijack();
    await provider.callback()(request.raw, reply.raw);
  }
}

/** Fastify has read the body, strictly; the library reads what came of that as if it were the request's. */
function giveBody({ raw, body }: FastifyRequest): void {
  const text = Buffer.from(new URLSearchParams((body ?? {}) as Record<string, string>).toString());
  raw.headers['content-length'] = String(text.length);
  Object.defineProperties(raw, {
    readable: { value: true },
    iterator: {
      value: async function* () {
        yield await Promise.resolve(text);
      } satisfies (this: IncomingMessage) => AsyncGenerator<Buffer>,
    },
  });
}
