import type { FastifyReply } from 'fastify';

/** Carries the version that its `ETag` names. */
export interface Versioned {
  readonly version: number;
}

/** Sends the version of a user as the `ETag` of an answer, for `If-Match` (RFC 9110, 8.8.3). */
export function sendEtag(reply: FastifyReply, user: Versioned): void {
  void reply.header('etag', etagOf(user));
}

/** RFC 9110, 13.1.1: any entity tag of the list, or `*` for any version. A weak tag never matches. */
export function matches(ifMatch: string, version: number): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etagOf({ version }));
}

function etagOf({ version }: Versioned): string {
  return `"${version}"`;
}
