import { applyDecorators } from '@nestjs/common';
import {
  ApiOkResponse,
  type MediaTypeObject,
  type OpenAPIObject,
  type OperationObject,
  type ReferenceObject,
  type RequestBodyObject,
  type ResponseObject,
  type SchemaObject,
} from '@nestjs/swagger';
import { headersOf, SCOPE_CHALLENGE } from './problem-headers.js';
import { exampleOf, resolve } from './api-examples.js';
import { ApiPage, hasPage } from '../pages/api-page.js';
import { STEP_UP_EXTENSION } from '../../access/require-step-up.decorator.js';
import { takeProblems } from '../../problems/api-problems.js';
import { PROBLEMS, type ProblemCode } from '../../problems/problem-catalogue.js';
import { WITHOUT_NUL } from '../request/text-patterns.js';

const PROBLEM_TYPE = 'application/problem+json';
const PAGE: MediaTypeObject = { schema: { type: 'string' }, example: '<!doctype html><title>Roster</title>' };

/** Problems that any request can meet. */
const ALWAYS: readonly ProblemCode[] = [
  'validation-failed',
  'bad-request',
  'request-timeout',
  'uri-too-long',
  'headers-too-large',
  'internal-error',
  'unavailable',
  'shutting-down',
];
const WITH_A_BODY: readonly ProblemCode[] = ['malformed-body', 'body-too-large', 'unsupported-media-type'];

/** The response headers, under `components`. */
const HEADERS = {
  'X-Trace-Id': {
    description: 'included in every log line, event and mail caused by this request',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
  ETag: {
    description: 'the version of the user or client, for `If-Match`',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
    example: '"3"',
  },
  Link: {
    description: 'links to other pages (RFC 8288): `first`, `next`, `prev`',
    required: true,
    schema: { type: 'string', minLength: 1 },
    example: '</users?limit=20>; rel="first"',
  },
  Location: {
    description: 'URL of the new resource',
    required: true,
    schema: { type: 'string', format: 'uri-reference' },
    example: '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
  },
  'Retry-After': {
    description: 'seconds to wait before retrying',
    required: true,
    schema: { type: 'string', pattern: '^[0-9]+$' },
    example: '1',
  },
  'WWW-Authenticate': {
    description: 'how to authenticate (RFC 6750); with `step-up-required`, what proof is missing (RFC 9470)',
    required: true,
    schema: { type: 'string', pattern: '^Bearer' },
    example: 'Bearer',
  },
} as const;
type HeaderName = keyof typeof HEADERS;

/** For `headers` of an `@ApiResponse`: references to the headers under `components`. */
export function apiHeaders(...names: HeaderName[]): Record<string, ReferenceObject> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** `ApiPage` for a route that answers a form with a page (200), and other clients with 204. */
export const ApiPageForForms = (): MethodDecorator =>
  applyDecorators(
    ApiPage(),
    ApiOkResponse({
      description: 'an HTML page, in response to a form',
      content: { 'text/html': structuredClone(PAGE) },
    }),
  );

/**
 * Adds to the document what applies to every route, so that routes need not repeat it: common problems, the headers of every
 * response, an example of each body, and that unknown fields are refused.
 */
export function completeAnswers(document: OpenAPIObject): void {
  document.components = {
    ...document.components,
    headers: { ...document.components?.headers, ...structuredClone(HEADERS) },
  };
  for (const item of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, OperationObject][]) {
      // Otherwise the document's default applies, which is none, and some tools report that as forgotten.
      operation.security ??= [];
      if (hasPage(operation)) describePage(method, operation);
      if (STEP_UP_EXTENSION in operation) describeStepUp(operation);
      completeRequest(document, operation);
      completeSuccess(document, operation);
      const common = method === 'get' ? ALWAYS : [...ALWAYS, ...WITH_A_BODY];
      const problems = [...common, ...(takesCookie(method, operation) ? CROSS_SITE : []), ...takeProblems(operation)];
      addProblems(document, operation, new Set(problems));
    }
  }
}

const CROSS_SITE: readonly ProblemCode[] = ['cross-site-request'];

/** A change that a browser session may make: by cookie, it has to come from a page of ours. */
function takesCookie(method: string, operation: OperationObject): boolean {
  const leastRole = (operation as { readonly 'x-least-role'?: string })['x-least-role'];
  return method !== 'get' && leastRole !== undefined && leastRole !== 'ANONYMOUS';
}

const FORM = 'application/x-www-form-urlencoded';

/** Whether browsers alone send it: then programs do not take its form for what they should send. */
function takesFormAlone(operation: OperationObject): boolean {
  const { content } = (operation.requestBody ?? {}) as Partial<RequestBodyObject>;
  return hasPage(operation) && content?.[FORM] !== undefined && Object.keys(content).length === 1;
}

function orPage(response: ResponseObject): ResponseObject {
  return { ...response, content: { ...response.content, 'text/html': structuredClone(PAGE) } };
}

/** Describes HTML pages in prose only: programs that read the document should use JSON. */
function describePage(method: string, operation: OperationObject): void {
  const body = operation.requestBody as RequestBodyObject | undefined;
  if (takesFormAlone(operation)) return;
  const takesForms = body?.content[FORM] !== undefined;
  // Given two content types, openapi-python-client sends the form and gets a page.
  if (takesForms) Reflect.deleteProperty(body.content, FORM);
  const asked = takesForms ? `posts the same fields as a form (\`${FORM}\`)` : 'asks for `text/html`';
  operation.description = `${operation.description ?? ''}\n\nA browser that ${asked} gets an HTML page, for errors too.`;
  if (method !== 'get') return;
  for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
    // The default for clients that ask for nothing else.
    if (status.startsWith('2')) response.content = { ...response.content, 'text/html': structuredClone(PAGE) };
  }
}

function describeStepUp(operation: OperationObject): void {
  operation.description = `${operation.description ?? ''}\n\nTakes a sign-in or \`POST /auth/step-up\` no longer ago than STEP_UP_AGE, with the second factor if you have one.`;
}

function completeRequest(document: OpenAPIObject, { requestBody }: OperationObject): void {
  if (!requestBody || '$ref' in requestBody) return;
  for (const media of Object.values(requestBody.content)) {
    if (!media.schema) continue;
    sayWhatNoBodyHolds(document, media.schema);
    media.example ??= exampleOf(document, media.schema);
  }
}

/** Forbids unknown fields and NUL characters in strings. */
function sayWhatNoBodyHolds(document: OpenAPIObject, given: SchemaObject | ReferenceObject): void {
  const schema = resolve(document, given);
  if (schema.properties) schema.additionalProperties ??= false;
  const isFreeText = schema.type === 'string' || (Array.isArray(schema.type) && schema.type.includes('string'));
  if (isFreeText && !schema.enum && (!schema.format || schema.format === 'password')) schema.pattern ??= WITHOUT_NUL;
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.allOf ?? []),
  ];
  for (const one of inner) sayWhatNoBodyHolds(document, one);
}

function completeSuccess(document: OpenAPIObject, operation: OperationObject): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.description ||= Number(status) === 204 ? 'done; no body' : 'done';
    response.headers = { ...apiHeaders('X-Trace-Id'), ...response.headers };
    for (const media of Object.values(response.content ?? {})) {
      if (media.schema) media.example ??= exampleOf(document, media.schema);
    }
  }
}

function addProblems(document: OpenAPIObject, operation: OperationObject, codes: ReadonlySet<ProblemCode>): void {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  for (const [status, alike] of [...byStatus].sort(([one], [other]) => one - other)) {
    // Declared by the route itself with a body of its own, such as the 503 of readiness.
    if (operation.responses[status]) continue;
    const response = problemResponse(status, alike);
    const [only, ...others] = alike;
    if (takesFormAlone(operation)) operation.responses[status] = orPage(response);
    else operation.responses[status] = only && others.length === 0 ? shared(document, only, response) : response;
  }
}

/** A response with a single code is the same everywhere and described once. */
function shared(document: OpenAPIObject, code: ProblemCode, response: ResponseObject): ReferenceObject {
  const name = code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  document.components = { ...document.components, responses: { ...document.components?.responses, [name]: response } };
  return { $ref: `#/components/responses/${name}` };
}

function problemResponse(status: number, codes: readonly ProblemCode[]): ResponseObject {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
    headers: {
      ...(codes.includes('insufficient-scope') && { 'WWW-Authenticate': SCOPE_CHALLENGE }),
      ...apiHeaders('X-Trace-Id', ...headersOf(status)),
    },
    content: {
      [PROBLEM_TYPE]: {
        // One schema for all of them: narrowed schemas per response would be anonymous or break client generators. The possible
        // codes are in the description and in the names of the examples.
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
      },
    },
  };
}

const EXAMPLE_STEP = {
  token: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBzaWduLWluIHRoYXQgd2FpdHMgZm9yIGEgc2Vjb25k',
  methods: ['totp', 'recovery-code'],
  expiresIn: 300,
};

function exampleProblem(code: ProblemCode): object {
  const { status, title } = PROBLEMS[code];
  return {
    type: `urn:roster:problem:${code}`,
    title,
    status,
    detail: `${title}.`,
    instance: '/users/me',
    code,
    traceId: HEADERS['X-Trace-Id'].example,
    ...(code === 'second-factor-required' && { continueWith: EXAMPLE_STEP }),
    ...(code === 'second-factor-setup-required' && { continueWith: { ...EXAMPLE_STEP, methods: ['totp', 'passkey'] } }),
    ...(code === 'validation-failed' && { errors: [{ path: 'email', message: 'must be an email address' }] }),
  };
}
