import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject, OperationObject, PathItemObject, ReferenceObject, ResponseObject } from '@nestjs/swagger';
import { type AnySchemaObject, Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { loadSettings } from '../../../src/config/settings.js';
import type { UserEventType } from '../../../src/events/catalogue.js';
import type { EventLog } from '../../../src/events/event-log.js';
import { apiDocument } from '../../../src/http/openapi/api-document.js';
import { dataSchema } from '../../../src/relay/documents/event-schemas.js';

/** An answer as it left the server. */
export interface Answer {
  readonly method: string;
  /** Of the request, with its query. */
  readonly url: string;
  /** Whether a browser asked: for HTML, or by a form. */
  readonly asksForPage: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** What is no part of the API that clients are promised: what pages load. */
const NOT_THE_API = /^\/(?:docs\/(?!events)|assets\/|console\/assets\/)./;

/** The hosted pages, which have no place in the document: a browser alone uses them, and gets a page or is led on. */
export const HOSTED_PAGE = /^\/(?:sign-in|sign-up|sign-out|forgot-password|account|console(?!\/assets\/.))(?:\/|$)/;

/** The pages between an application and Roster are hosted pages as well. */
export const OPENID_PAGE = /^\/oauth2\/(?:interaction|device|logout)(?:\/|$)/;

/** The protocol's endpoints: the discovery document describes them, and RFC 6749, 5.2, their errors. */
export const PROTOCOL = /^\/(?:oauth2\/|\.well-known\/(?:openid-configuration|oauth-authorization-server)$)/;

/** What may be answered where there is no operation: the path or the method is not there, or cannot be read. */
const NO_OPERATION = [400, 404, 405, 414];

/** Headers that are documented wherever they are sent. */
const DOCUMENTED = ['etag', 'link', 'location', 'retry-after', 'www-authenticate'];

const FORM = 'application/x-www-form-urlencoded';
const PROBLEM = 'application/problem+json';

const found: string[] = [];

/** What was found since the last time, each in a line; test/support/after-each.ts fails the test for it. */
export function takeBreaches(): string[] {
  return found.splice(0);
}

/** Compares the data of every event that is appended with the schema that consumers are given, from now on. */
export function watchEvents(log: EventLog): void {
  const append = log.append.bind(log);
  log.append = async (...given) => {
    const events = await append(...given);
    for (const { type, data } of events) {
      const validate = (validators[type] ??= eventAjv.compile({
        ...dataSchema(type, SENT_WHOLE),
        additionalProperties: false,
      }));
      if (!validate(data))
        found.push(`The data of ${type} is not as its schema says: ${eventAjv.errorsText(validate.errors)}`);
    }
    return events;
  };
}

const SENT_WHOLE = loadSettings({ EVENT_PERSONAL_DATA: 'include' });
const eventAjv = addFormats.default(new Ajv2020({ allErrors: true, formats: { 'idn-email': true } }));
const validators: Partial<Record<UserEventType, ValidateFunction>> = {};

/** Compares every answer of the application with its API document, from now on. */
export function watchApi(app: NestFastifyApplication): void {
  watchContract(app.getHttpServer(), contractOf(app));
}

/** The document follows from the controllers. Making it, and what judges by it, takes longer than most files' tests. */
function contractOf(app: NestFastifyApplication): Contract {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.keys()]);
  const hasSame = (known: readonly unknown[]): boolean =>
    known.length === controllers.length && controllers.every((controller, index) => controller === known[index]);
  let found = contracts.find((known) => hasSame(known.controllers));
  if (!found) contracts.push((found = { controllers, contract: new Contract(apiDocument(app)) }));
  return found.contract;
}

const contracts: { readonly controllers: readonly unknown[]; readonly contract: Contract }[] = [];

/** Compares every answer of the server with the contract, from now on. */
export function watchContract(server: Server, contract: Contract): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    const written: Record<string, unknown> = {};
    const { write, writeHead, end } = response;
    const keep = (chunk: unknown, encoding: unknown): void => {
      if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, typeof encoding === 'string' ? 'utf8' : undefined));
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    };
    // Headers that are given here are not always among those of getHeaders().
    response.writeHead = ((...given: Parameters<typeof writeHead>) => {
      for (const [name, value] of Object.entries(given.find((one) => typeof one === 'object') ?? {})) {
        written[name.toLowerCase()] = value;
      }
      return writeHead.apply(response, given);
    }) as typeof writeHead;
    response.write = ((...given: Parameters<typeof write>) => {
      keep(given[0], given[1]);
      return write.apply(response, given);
    }) as typeof write;
    const judge = (): void => {
      const { method = '', url = '' } = request;
      const headers = { ...response.getHeaders(), ...written };
      const { accept = '', 'content-type': sent = '' } = request.headers;
      const asksForPage =
        sent.startsWith(FORM) || (accept.includes('text/html') && !accept.includes('application/json'));
      const body = Buffer.concat(chunks);
      found.push(...contract.breaches({ method, url, asksForPage, status: response.statusCode, headers, body }));
    };
    // A stream of events has no end but that of its connection.
    response.once('close', () => {
      if (response.headersSent && !response.writableEnded) judge();
    });
    // Before the client has the whole answer: the breach is known when the test goes on.
    response.end = ((...given: Parameters<typeof end>) => {
      keep(given[0], given[1]);
      judge();
      return end.apply(response, given);
    }) as typeof end;
  });
}

/** A hosted page answers with a page or a file that nobody keeps, or leads on with 303. */
function hostedBreaches({ method, status, headers, body }: Answer, path: string): string[] {
  const isPage = headers['content-type'] === 'text/html; charset=utf-8' && headers['content-security-policy'];
  const isRedirect = status === 303 && headers['location'] !== undefined && body.length === 0;
  const isDownload = String(headers['content-disposition']).startsWith('attachment; filename="');
  const isKept = headers['cache-control'] !== 'no-store';
  if ((isPage || isRedirect || isDownload) && !isKept) return [];
  return [`${method} ${path} answered ${status}, and not with a page or a redirect that nobody keeps`];
}

/** An endpoint of the protocol answers with JSON that nobody keeps, an empty body, a page, or leads on; never with a problem. */
function protocolBreaches({ method, status, headers, body }: Answer, path: string): string[] {
  const { 'content-type': given } = headers;
  const type = typeof given === 'string' ? given.split(';', 1)[0] : '';
  const isRedirect = status === 303 && headers['location'] !== undefined;
  const isError = status >= 400;
  const isPage = type === 'text/html' && headers['content-security-policy'] !== undefined;
  const isRefusal = isError && type === 'application/json' && /^\{"error":"[a-z_]+"/.test(body.toString());
  const isAnswer = !isError && (type === 'application/json' || body.length === 0);
  const isTraced = headers['x-trace-id'] !== undefined && headers['x-content-type-options'] === 'nosniff';
  if ((isRedirect || isPage || isRefusal || isAnswer) && isTraced) return [];
  return [`${method} ${path} answered ${status} (${type}), not as the protocol says: ${body.toString().slice(0, 300)}`];
}

/** The API document as a judge of answers. */
export class Contract {
  private readonly ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    allErrors: true,
    // Ajv does not know these: the one says nothing, the other is checked when an address comes in.
    formats: { password: true, 'idn-email': true },
  });
  private readonly compiled = new Map<object, ValidateFunction>();
  private readonly paths: { readonly pattern: RegExp; readonly item: PathItemObject }[];

  constructor(private readonly document: OpenAPIObject) {
    addFormats.default(this.ajv);
    this.paths = Object.entries(document.paths)
      // A written name goes before a parameter, as in the router.
      .sort(([one], [other]) => one.split('{').length - other.split('{').length)
      .map(([path, item]) => ({
        pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
        item,
      }));
  }

  /** One line for each way in which the answer is not as documented. */
  breaches(answer: Answer): string[] {
    const path = answer.url.split(/[?#]/, 1)[0]!;
    if (NOT_THE_API.test(path)) return [];
    const isHosted = HOSTED_PAGE.test(path) || OPENID_PAGE.test(path);
    if (isHosted && ![404, 405].includes(answer.status)) return hostedBreaches(answer, path);
    if (PROTOCOL.test(path) && ![404, 405].includes(answer.status)) return protocolBreaches(answer, path);
    // A preflight is between browser and server; no API document has it.
    if (answer.method === 'OPTIONS' && answer.status === 204) return [];
    return this.judge(answer, path).map(
      (breach) =>
        `${answer.method} ${path} answered ${answer.status}: ${breach}\n    ${answer.body.toString().slice(0, 600)}`,
    );
  }

  private judge(answer: Answer, path: string): string[] {
    const method = answer.method === 'HEAD' ? 'get' : answer.method.toLowerCase();
    const item = this.paths.find(({ pattern }) => pattern.test(path))?.item as
      Record<string, OperationObject> | undefined;
    const operation = item?.[method];
    if (!operation) {
      if (!NO_OPERATION.includes(answer.status)) return ['the API document has no such route'];
      return this.body(answer, { description: '', content: this.anyProblem() }, true);
    }
    const documented = operation.responses[answer.status];
    if (!documented) {
      return [`only ${Object.keys(operation.responses).join(', ')} are documented for ${operation.operationId}`];
    }
    const response = this.follow(documented) as ResponseObject;
    return [...this.headers(answer, response), ...this.body(answer, response, 'x-page' in operation)];
  }

  private headers({ headers }: Answer, response: ResponseObject): string[] {
    const documented = Object.entries(response.headers ?? {}).map(
      ([name, header]) => [name.toLowerCase(), this.follow(header) as { schema: object; required?: boolean }] as const,
    );
    const names = documented.map(([name]) => name);
    const undocumented = DOCUMENTED.filter((name) => name in headers && !names.includes(name));
    return [
      ...undocumented.map((name) => `the header ${name} is not documented`),
      ...documented.flatMap(([name, { schema, required }]) => {
        const value = headers[name];
        if (value === undefined) return required ? [`the header ${name} is missing`] : [];
        return this.errors(schema, typeof value === 'number' ? value.toString() : value).map(
          (error) => `the header ${name} ${error}`,
        );
      }),
    ];
  }

  /** @param hasPage whether a browser that asks for a page gets one */
  private body(answer: Answer, { content }: ResponseObject, hasPage: boolean): string[] {
    const { method, headers, body, status } = answer;
    const type = (typeof headers['content-type'] === 'string' ? headers['content-type'] : '').split(';', 1)[0]!;
    if (!content) return body.length > 0 || type !== '' ? [`a body (${type}) where none is documented`] : [];
    if (type === 'text/html' && hasPage && answer.asksForPage) return [];
    const media = content[type];
    if (!media) return [`the content type is "${type}", and only ${Object.keys(content).join(', ')} is documented`];
    if (method === 'HEAD' || !/\bjson$/.test(type)) return [];
    let value: unknown;
    try {
      value = JSON.parse(body.toString());
    } catch {
      return ['the body is not JSON'];
    }
    const errors = media.schema ? this.errors(media.schema, value) : [];
    if (type !== PROBLEM || errors.length > 0) return errors;
    // All have one schema; what this answer can be is said by its examples.
    const problem = value as { status: number; code: string };
    const codes = Object.keys(media.examples ?? {});
    return [
      ...(media.examples && !codes.includes(problem.code)
        ? [`the code is ${problem.code}, and only ${codes.join(', ')} are documented`]
        : []),
      ...(problem.status === status ? [] : [`the body says that the status is ${problem.status}`]),
    ];
  }

  private errors(schema: object, value: unknown): string[] {
    const validate = this.compiled.get(schema) ?? this.ajv.compile(this.closed(schema));
    this.compiled.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`.trim(),
    );
  }

  /**
   * The schema with its references written out, and with no room for properties that it does not name. The document leaves that
   * room, for clients have to bear a property that a later version adds.
   */
  private closed(given: object, within?: 'allOf'): AnySchemaObject {
    const schema: AnySchemaObject = { ...this.follow(given) };
    for (const key of ['items', 'additionalProperties'] as const) {
      if (typeof schema[key] === 'object') schema[key] = this.closed(schema[key] as object);
    }
    if (schema['properties']) {
      schema['properties'] = Object.fromEntries(
        Object.entries(schema['properties'] as Record<string, object>).map(([name, one]) => [name, this.closed(one)]),
      );
    }
    for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
      if (schema[key]) schema[key] = (schema[key] as object[]).map((one) => this.closed(one, 'allOf'));
    }
    const isOpen = within === undefined && schema['additionalProperties'] === undefined;
    return isOpen && (schema['properties'] || schema['allOf'] || schema['anyOf'] || schema['oneOf'])
      ? { ...schema, unevaluatedProperties: false }
      : schema;
  }

  private anyProblem(): NonNullable<ResponseObject['content']> {
    const schema = (this.document.components?.schemas ?? {})['Problem']!;
    return { [PROBLEM]: { schema } };
  }

  /** What a reference refers to, or the thing itself. */
  private follow(given: object): object {
    const { $ref, ...beside } = given as ReferenceObject;
    if (!$ref) return given;
    const target = $ref
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], this.document);
    if (!target) throw new Error(`The API document has no ${$ref}`);
    return { ...this.follow(target), ...beside };
  }
}
