import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../problems/domain-error.js';

/** The request URI is malformed. */
export class UnreadableAddress extends DomainError {
  readonly code = 'bad-request';
}

/** The path is longer than that of any route. */
export class AddressTooLong extends DomainError {
  readonly code = 'uri-too-long';
  constructor() {
    super(`A path has at most ${LONGEST_PATH} characters.`);
  }
}

/** In characters as sent, including percent-encoding. */
export const LONGEST_PATH = 255;

/** Refuses ambiguous URIs before any route sees them. */
export function refuseUnreadableAddresses(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    try {
      checkAddress(request.url);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * A path that cannot be decoded is refused by the router.
 * @param url path and query, as in the request line
 * @throws UnreadableAddress, AddressTooLong
 */
function checkAddress(url: string): void {
  // RFC 3986, 2; Node.js decodes non-ASCII bytes as Latin-1.
  if (!/^[\x21-\x7e]*$/.test(url)) {
    throw new UnreadableAddress('A URI is ASCII; percent-encode other characters as UTF-8.');
  }
  const end = url.indexOf('?');
  if ((end === -1 ? url.length : end) > LONGEST_PATH) throw new AddressTooLong();
}

/**
 * The query parser would keep invalid UTF-8 and incomplete percent-encoding literally, so that a search would look for something else than was meant.
 * @param known the only keys that count; all, if undefined
 * @throws UnreadableAddress
 */
export function checkQuery(url: string, known?: ReadonlySet<string>): void {
  const start = url.indexOf('?');
  if (start === -1 || !url.includes('%', start)) return;
  for (const pair of url.slice(start + 1).split('&')) {
    if (known && !known.has(pair.split('=', 1)[0] ?? '')) continue;
    try {
      decodeURIComponent(pair);
    } catch {
      throw new UnreadableAddress('The query is not percent-encoded UTF-8; write a percent sign as %25.');
    }
  }
}
