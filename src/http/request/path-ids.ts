import type { FastifyInstance } from 'fastify';

const UPPER_CASE_UUID = /^(?=.*[A-F])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/;
const UUID_LENGTH = 36;

/**
 * Gives the ids of a path their one spelling, lower case (RFC 9562, 4), before anything compares, hashes or seals them: PostgreSQL
 * takes both, but to a MAC they are different texts. Some platforms write them in upper case.
 */
export function lowerCasePathIds(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const params = request.params as Record<string, string>;
    for (const name in params) {
      const value = params[name];
      if (value?.length === UUID_LENGTH && UPPER_CASE_UUID.test(value)) params[name] = value.toLowerCase();
    }
    done();
  });
}
