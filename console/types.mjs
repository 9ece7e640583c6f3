// Writes src/api/schema.d.ts, and the same for packages/client, from the API document of the built server, which is made without a
// database and without a port. So `tsc` finds every place where console and API have drifted apart.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import openapiTS, { astToString } from 'openapi-typescript';
import { AppModule } from '../dist/app.module.js';
import { loadSettings } from '../dist/config/settings.js';
import { apiDocument } from '../dist/http/openapi/api-document.js';
import { createLog } from '../dist/ops/log.js';

const FILES = ['src/api/schema.d.ts', '../packages/client/src/schema.d.ts'].map((file) =>
  join(import.meta.dirname, file),
);

const settings = loadSettings({
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: 'postgres://nowhere/none',
  SECRET_KEY: 'none'.repeat(12),
});
const root = AppModule.forRoot(settings, createLog(settings));
// A preview has the routes of the application and makes none of its services.
const app = await NestFactory.create(root, new FastifyAdapter(), { preview: true, logger: false });
const document = JSON.stringify(apiDocument(app));
const digest = `// ${createHash('sha256').update(document).digest('hex')}\n`;

const outdated = FILES.filter((file) => !existsSync(file) || !readFileSync(file, 'utf8').startsWith(digest));
if (outdated.length > 0) {
  const types = await openapiTS(JSON.parse(document), {
    alphabetize: false,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  for (const file of outdated) writeFileSync(file, `${digest}${astToString(types)}`);
}
process.exit();
