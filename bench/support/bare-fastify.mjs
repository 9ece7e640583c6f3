// The reference of the reads: Fastify alone, with the same answers, and for one user the same SELECT by a named statement.
import Fastify from 'fastify';
import pg from 'pg';

process.once('message', async ({ databaseUrl, headers, body }) => {
  const fastify = Fastify();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  fastify.get('/users/me', (_request, reply) => reply.headers(headers).send(body));
  fastify.get('/users/:id', async (request, reply) => {
    const { id } = request.params;
    const { rows } = await pool.query({ name: 'user', text: 'SELECT * FROM users WHERE id = $1', values: [id] });
    return reply.headers(headers).send({ ...rows[0], _links: body._links });
  });
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  process.send({ port: fastify.server.address().port });
});
process.on('disconnect', () => process.exit());
