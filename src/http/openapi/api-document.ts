import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, type PathItemObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { RELEASE } from '../../config/release.js';
import { completeAnswers } from './api-answers.js';
import { problemMarks } from '../../problems/api-problems.js';
import { ProblemSchema } from './problem.schema.js';
import { setUpRedoc } from './redoc.js';
import { tidySchemas } from './api-schemas.js';

const DESCRIPTION = `Registers, signs in and manages users.

**To try it out:** call \`POST /auth/login\`, copy the \`accessToken\` from the response, press **Authorize** and paste it.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`; operations with \`x-page\`, the
targets of links in mails, answer a browser with an HTML page. Every response carries \`X-Trace-Id\`; send \`X-Request-Id\` or
\`traceparent\` to set it. Unknown fields and query parameters, and repeated ones, are 400. Responses are not cached
(\`Cache-Control: no-store\`) unless they say otherwise: signing keys, style sheets, and the API description.
An unsupported method on a known path is 405 with \`Allow\`.

\`x-least-role\` is the lowest role that may call an operation: ADMIN > MANAGER > AUTHENTICATED > ANONYMOUS.`;

const ANY_OBJECT = { type: 'object', additionalProperties: true };

/** The paths that Swagger adds itself, besides the routes of the controllers. */
const OWN_PATHS: Record<string, PathItemObject> = {
  '/docs': documentPath('getApiPage', 'The API description as a page', 'For people: Swagger UI.', 'text/html', {
    type: 'string',
    example: '<!doctype html><title>Roster API</title>',
  }),
  '/redoc': documentPath('getApiReference', 'The API description to read', 'For people: Redoc.', 'text/html', {
    type: 'string',
    example: '<!doctype html><title>Roster API</title>',
  }),
  '/docs-json': documentPath(
    'getApiDocument',
    'The API description as JSON',
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

/** The OpenAPI 3.1 document of the application. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.1')
    .setTitle('Roster')
    .setDescription(DESCRIPTION)
    .setVersion(RELEASE)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer('/')
    .addTag('Auth', 'Registration, email confirmation, sign-in')
    .addTag('Users', 'Users, their profiles, roles and status')
    .addTag('Mails', 'Delivery of each mail')
    .addTag('Events', 'The event feed')
    .addTag('Webhooks', 'Events posted to a URL')
    .addTag('Clients', 'Applications that users sign in to by OpenID Connect')
    .addTag('Service accounts', 'Other services, and their keys')
    .addTag('Operations', 'Health, help, metrics and the API description')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'the `accessToken` returned by POST /auth/login',
    })
    .addBasicAuth(
      { type: 'http', scheme: 'basic', description: 'the id and secret of an application (RFC 6749, 2.3.1)' },
      'client',
    )
    .addCookieAuth(
      'roster-session',
      {
        type: 'apiKey',
        in: 'cookie',
        description:
          'the cookie set by a sign-in with `"session": "cookie"`; named `__Host-roster-session` under HTTPS. Changes must come from a page of this origin or of one in `CORS_ORIGINS`.',
      },
      'session',
    )
    .build();
  const described = SwaggerModule.createDocument(app, config, {
    extraModels: [ProblemSchema],
    autoTagControllers: false,
  });
  // Nested schemas are the decorators' own objects, which the next document of this process needs as they are.
  const document = structuredClone(described);
  Object.assign(document.paths, structuredClone(OWN_PATHS));
  tidySchemas(document);
  completeAnswers(document);
  return document;
}

/**
 * Swagger UI at `/docs`, Redoc at `/redoc`, and the OpenAPI document at `/docs-json`.
 * @param prefix what stands before every path of the document where people reach it
 */
export function setUpApiDocument(app: INestApplication, prefix = ''): void {
  const document = (): OpenAPIObject => ({ ...apiDocument(app), servers: [{ url: prefix || '/' }] });
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'Roster API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
  setUpRedoc(app.getHttpAdapter().getInstance() as FastifyInstance);
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
