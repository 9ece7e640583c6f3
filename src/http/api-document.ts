import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProblemSchema } from './api-problems.js';

const DESCRIPTION = `Register and sign in people, and manage them.

**To try it here:** call \`POST /auth/login\`, copy the \`accessToken\` of the answer, press **Authorize** and paste it.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. Every answer carries \`X-Trace-Id\`; send
\`X-Request-Id\` to choose it.`;

export function apiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Roster')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'the accessToken of POST /auth/login',
    })
    .build();
  return SwaggerModule.createDocument(app, config, { extraModels: [ProblemSchema] });
}

/** Swagger UI at `/docs` and the OpenAPI document at `/docs-json`. */
export function setUpApiDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => apiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Roster API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
