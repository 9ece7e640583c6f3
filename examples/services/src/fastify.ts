import { fastify } from 'fastify';
import { Verifier } from '@roster/verify';
import { allow } from '@roster/verify/fastify';
import { options, port } from './settings.js';

const verifier = new Verifier(options);
const app = fastify();
app.get('/orders', { onRequest: allow(verifier) }, (request) => ({
  of: request.roster?.id,
  role: request.roster?.role,
}));
app.delete('/orders', { onRequest: allow(verifier, 'MANAGER') }, (_request, reply) => reply.code(204).send());
await app.listen({ port, host: '127.0.0.1' });
