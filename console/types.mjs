// Writes src/api/schema.d.ts from the API document of the built server, which is made without a database and without a port. So
// `tsc` finds every place where console and API have drifted apart.
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

const FILE = join(import.meta.dirname, 'src/api/schema.d.ts');

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

if (!existsSync(FILE) || !readFileSync(FILE, 'utf8').startsWith(digest)) {
  const types = await openapiTS(JSON.parse(document), {
    alphabetize: false,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  writeFileSync(FILE, `${digest}${astToString(types)}`);
}
process.exit();
