import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, type PathItemObject, SwaggerModule } from '@nestjs/swagger';
import { PACKAGE_ROOT } from '../../config/package-root.js';
import { completeAnswers } from './api-answers.js';
import { problemMarks } from '../../problems/api-problems.js';
import { ProblemSchema } from './problem.schema.js';
import { tidySchemas } from './api-schemas.js';

const DESCRIPTION = `Register and sign in people, and manage them.

**To try it here:** call \`POST /auth/login\`, copy the \`accessToken\` of the answer, press **Authorize** and paste it.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`; operations with \`x-page\`, where
the links in mails lead, answer a browser by a page. Every answer carries \`X-Trace-Id\`; send \`X-Request-Id\` or
\`traceparent\` to choose it. Unknown fields and query keys, and keys that come twice, are 400. Nobody keeps an answer
(\`Cache-Control: no-store\`) but those that say otherwise: signing keys, style sheets, and this description with all below it.
Another method on a known path is 405 with \`Allow\`.

\`x-least-role\` is the least role that may call an operation: ADMIN > MANAGER > AUTHENTICATED > ANONYMOUS.`;

const ANY_OBJECT = { type: 'object', additionalProperties: true };

/** The pages that Swagger adds itself, beside the routes of the controllers. */
const OWN_PATHS: Record<string, PathItemObject> = {
  '/docs': documentPath('getApiPage', 'This description as a page', 'For people: Swagger UI.', 'text/html', {
    type: 'string',
    example: '<!doctype html><title>Roster API</title>',
  }),
  '/docs-json': documentPath(
    'getApiDocument',
    'This description as JSON',
    'For tools: OpenAPI 3.1.',
    'application/json',
    {
      title: 'OpenApiDocument',
      type: 'object',
      required: ['openapi', 'info', 'paths', 'components'],
      properties: { openapi: { type: 'string' }, info: ANY_OBJECT, paths: ANY_OBJECT, components: ANY_OBJECT },
      additionalProperties: true,
      example: { openapi: '3.1.1', info: { title: 'Roster', version: '1.0.0' }, paths: {}, components: {} },
    },
  ),
};

/** What the application can do, as OpenAPI 3.1. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.1')
    .setTitle('Roster')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer('/')
    .addTag('Auth', 'Registration, proof of an address, signing in')
    .addTag('Users', 'People, their profiles, roles and states')
    .addTag('Mails', 'What became of each mail')
    .addTag('Events', 'What happened, in order')
    .addTag('Webhooks', 'Events posted to a URL')
    .addTag('Operations', 'Health, and this description')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'the accessToken of POST /auth/login',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ProblemSchema],
    autoTagControllers: false,
  });
  Object.assign(document.paths, structuredClone(OWN_PATHS));
  tidySchemas(document);
  completeAnswers(document);
  return document;
}

/** Swagger UI at `/docs` and the OpenAPI document at `/docs-json`. */
export function setUpApiDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => apiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'Roster API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}

function documentPath(
  operationId: string,
  summary: string,
  description: string,
  type: string,
  schema: object,
): PathItemObject {
  return {
    get: {
      operationId,
      tags: ['Operations'],
      summary,
      description,
      'x-least-role': 'ANONYMOUS',
      // Where DOCS_ENABLED is false.
      ...problemMarks('not-found'),
      responses: { 200: { description: 'done', content: { [type]: { schema } } } },
    } as PathItemObject['get'] & object,
  };
}
