import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { PACKAGE_ROOT } from '../../config/package-root.js';

/** Put there by the build. */
const BUNDLE = join(PACKAGE_ROOT, 'dist/redoc/redoc.js.gz');

// Redoc styles what it makes, searches in a worker, and would report to its makers: nothing leaves for elsewhere.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const pageOf = (version: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Roster API</title>
    <link rel="icon" href="assets/icon.svg">
  </head>
  <body>
    <redoc spec-url="docs-json" disable-telemetry="true"></redoc>
    <script type="module" src="docs/redoc.js?v=${version}"></script>
  </body>
</html>
`;

/** Redoc at `/redoc`, for reading; unknown where the build could not get it. */
export function setUpRedoc(fastify: FastifyInstance): void {
  if (!existsSync(BUNDLE)) return;
  let page: string | undefined;
  fastify.get('/redoc', async (_request, reply) => {
    page ??= pageOf(await versionOf(BUNDLE));
    return reply
      .header('content-security-policy', POLICY)
      .header('cache-control', 'no-cache')
      .type('text/html')
      .send(page);
  });
  fastify.get('/docs/redoc.js', (request, reply) => {
    const packed = createReadStream(BUNDLE);
    void reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('vary', 'accept-encoding')
      .type('text/javascript');
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(packed.pipe(createGunzip()));
    return reply.header('content-encoding', 'gzip').send(packed);
  });
}

/** Another one for every other content, so that browsers may keep a file for as long as they like. */
async function versionOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('base64url')
    .slice(0, 16);
}
