import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { OpenAPIObject, OperationObject, SchemaObject } from '@nestjs/swagger';
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { HOSTED_METADATA } from '../../src/http/pages/hosted-page.js';
import { apiDocument } from '../../src/http/openapi/api-document.js';
import { PROTOCOL_METADATA } from '../../src/openid/provider/protocol-route.js';
import { type Answer, Contract, takeBreaches, watchContract } from '../support/per-worker/contract.js';
import { type Roster, startRoster } from '../support/roster.js';
import { markedHandlers } from '../support/marked-handlers.js';

let roster: Roster;
let document: OpenAPIObject;
beforeAll(async () => {
  roster = await startRoster();
  document = (await roster.api.get('/docs-json').expect(200)).body as OpenAPIObject;
});
afterAll(() => roster.stop());

interface Operation extends OperationObject {
  readonly name: string;
  readonly role: string;
}

const operations = (): Operation[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...(operation as OperationObject),
      name: `${method.toUpperCase()} ${path}`,
      role: (operation as Record<string, string>)['x-least-role']!,
    })),
  );

const except = (answers: (operation: Operation) => unknown): string[] =>
  operations().flatMap((operation) => (answers(operation) ? [] : [operation.name]));

describe('the API document', () => {
  it('has the version of the package, and every route of every controller but hosted pages, the files of pages and what OpenID Connect defines', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(document).toMatchObject({ openapi: '3.1.1', info: { version } });
    const discovery = roster.app.get(DiscoveryService, { strict: false });
    const hosted = markedHandlers(discovery, HOSTED_METADATA);
    expect(hosted).toContain('SignInController.show');
    // Those are described by the discovery document.
    const protocol = markedHandlers(discovery, PROTOCOL_METADATA);
    expect(protocol).toContain('OpenIdController.token');
    const routes = declaredRoutes(discovery, new MetadataScanner())
      .filter(
        ({ path, handler }) => !/^\/(?:console\/)?assets\//.test(path) && ![...hosted, ...protocol].includes(handler),
      )
      .map(({ method, path, role }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')} ${role}`);
    const documented = operations().map(({ name, role }) => `${name} ${role}`);
    expect(documented.filter((name) => !/ \/(docs|docs-json|redoc) /.test(name)).sort()).toEqual(routes.sort());
  });

  it('gives every operation a name of its own, a summary, a description, a described tag and its security', () => {
    const names = operations().map(({ operationId }) => operationId);
    expect(names.filter((name) => !/^[a-z]+[A-Za-z]*$/.test(name ?? ''))).toEqual([]);
    expect(names).toHaveLength(new Set(names).size);
    expect(except(({ summary, description }) => summary && description)).toEqual([]);
    const tags = document.tags!.flatMap(({ name, description }) => (description ? [name] : []));
    expect(except((operation) => operation.tags?.length === 1 && tags.includes(operation.tags[0]!))).toEqual([]);
    expect(except(({ role, security }) => (role === 'ANONYMOUS') === (security?.length === 0))).toEqual([
      'POST /auth/confirm-email-change',
    ]);
  });

  it('tells what follows from the role, and what any request can meet', () => {
    expect(
      except(({ role, responses }) => (role !== 'ANONYMOUS') === codesOf(responses[401]).includes('not-authenticated')),
      // Anybody may ask, and who sends a token means it; or a 401 is the answer that was asked for.
    ).toEqual(['POST /auth/confirm-email-change', 'GET /auth/verify']);
    const staff = (role: string) => role === 'MANAGER' || role === 'ADMIN';
    expect(except(({ role, responses }) => !staff(role) || codesOf(responses[403]).includes('forbidden'))).toEqual([]);
    expect(except(({ responses }) => [400, 408, 414, 431, 500, 503].every((status) => responses[status]))).toEqual([]);
    const hasBody = (name: string) => !name.startsWith('GET');
    expect(except(({ name, responses }) => hasBody(name) === [413, 415].every((status) => responses[status]))).toEqual(
      [],
    );
    expect(codesOf(document.paths['/users/{id}/role']!.put!.responses[400])).toEqual([
      'validation-failed',
      'bad-request',
      'malformed-body',
    ]);
  });

  it('has one flat schema for all errors, and no other content type than that of problems', () => {
    const wrong = operations().flatMap(({ name, responses }) =>
      Object.entries(responses)
        // Readiness answers with the parts that are down.
        .filter(([status]) => Number(status) >= 400 && !(name === 'GET /health/ready' && status === '503'))
        .filter(([, response]) => {
          const { content } = followed(response) as { content?: Record<string, unknown> };
          const types = Object.keys(content ?? {});
          const schema = (content?.['application/problem+json'] as { schema?: object } | undefined)?.schema;
          // A form that browsers alone send is answered by a page.
          const most = name === 'POST /auth/providers/{id}/callback' ? 2 : 1;
          return types.length !== most || JSON.stringify(schema) !== '{"$ref":"#/components/schemas/Problem"}';
        })
        .map(([status]) => `${name} ${status}`),
    );
    expect(wrong).toEqual([]);
    const { allOf, anyOf, oneOf, properties } = document.components!.schemas!['Problem'] as SchemaObject;
    expect([allOf, anyOf, oneOf]).toEqual([undefined, undefined, undefined]);
    expect(properties).toMatchObject({
      status: { type: 'integer' },
      code: { $ref: '#/components/schemas/ProblemCode' },
    });
  });

  it('has a name for every schema of which a client would make a class', () => {
    const nameless: string[] = [];
    const look = (at: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null || /\/examples?$/.test(at)) return;
      const { properties, allOf, anyOf, oneOf } = value as SchemaObject;
      const isNamed = /^\/components\/schemas\/\w+$/.test(at);
      const choices = [...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])];
      // "One of these, or null" is no class.
      const isChoice =
        choices.length > 0 && !(choices.length === 2 && 'type' in choices[1]! && choices[1].type === 'null');
      if (!isNamed && !/\/(?:not|properties)$/.test(at) && (properties || isChoice)) nameless.push(at);
      for (const [key, one] of Object.entries(value)) look(`${at}/${key}`, one);
    };
    look('', { paths: document.paths, components: { schemas: document.components!.schemas } });
    expect(nameless).toEqual([]);
  });

  it('has an example for every body, and each fits its schema', () => {
    const ajv = new Ajv2020({ strict: false, formats: { password: true, 'idn-email': true } });
    addFormats.default(ajv);
    ajv.addSchema(JSON.parse(JSON.stringify(document)) as object, 'document');
    const wrong: string[] = [];
    // Most bodies are one of a few schemas, a problem above all: each is compiled once.
    const validators = new Map<string, ValidateFunction>();
    const validatorOf = (schema: object | undefined, pointer: string): ValidateFunction => {
      const text = JSON.stringify(schema);
      const known = validators.get(text) ?? ajv.getSchema(pointer) ?? ajv.compile({ $ref: pointer });
      validators.set(text, known);
      return known;
    };
    const look = (at: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const media = value as { schema?: object; example?: unknown; examples?: Record<string, { value: unknown }> };
      if (/\/content\/[^/]+$/.test(at)) {
        const validate = validatorOf(media.schema, `document#${at.replace(/#\//, '/')}/schema`);
        const examples = media.examples ? Object.values(media.examples).map((one) => one.value) : [media.example];
        for (const example of examples) if (!validate(example)) wrong.push(`${at}: ${ajv.errorsText(validate.errors)}`);
        return;
      }
      for (const [key, one] of Object.entries(value))
        look(`${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, one);
    };
    look('', document);
    expect(wrong).toEqual([]);
  });

  it('has for every parameter a schema that its example or default fits', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    // What Swagger makes of a type that it cannot tell, and contradicts what is declared beside it.
    expect(document.components!.schemas).not.toHaveProperty('Object');
    const wrong = operations().flatMap(({ name, parameters = [] }) =>
      (parameters as { name: string; schema: { $ref?: string; example?: unknown; default?: unknown } }[])
        .map((parameter) => ({ ...parameter, value: parameter.schema.example ?? parameter.schema.default }))
        .filter(({ schema, value }) => !schema.$ref && value !== undefined && !ajv.validate(schema, value))
        .map((parameter) => `${name} ${parameter.name}: ${ajv.errorsText()}`),
    );
    expect(wrong).toEqual([]);
  });

  it('refuses unknown fields in every request body', () => {
    const bodies = JSON.stringify(operations().map(({ requestBody }) => requestBody));
    const names = [...bodies.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(5);
    const open = names.filter((name) => {
      const schema = document.components!.schemas![name] as { additionalProperties?: unknown };
      return schema.additionalProperties !== false;
    });
    expect(open).toEqual([]);
  });
});

function codesOf(response: unknown): string[] {
  const { content } = followed(response) as { content?: Record<string, { examples?: object }> };
  return Object.keys(content?.['application/problem+json']?.examples ?? {});
}

function followed(response: unknown): object {
  const { $ref } = (response ?? {}) as { $ref?: string };
  return ($ref ? document.components!.responses![$ref.split('/').at(-1)!] : response) ?? {};
}

describe('what no route declares', () => {
  it.each([
    ['an unknown query key', 'GET', '/health/live?deep=true', 'deep'],
    ['an unknown query key beside a body', 'POST', '/auth/login?next=/', 'next'],
    ['a known query key that comes twice', 'GET', '/auth/verify-email?token=a&token=b', 'token'],
  ])('%s is 400 and named', async (_what, method, path, key) => {
    const response = await fetch(`${roster.url}${path}`, {
      method,
      ...(method === 'POST' && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifier: 'nobody@example.com', password: 'x' }),
      }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'validation-failed', errors: [{ path: key }] });
  });

  it('a body where none is taken is 400, but for an empty object', async () => {
    const bearer = { authorization: `Bearer ${await roster.signIn()}` };
    const { body: me } = await roster.api.get('/users/me').set(bearer).expect(200);
    const reinstate = () => roster.api.post(`/users/${me.id}/reinstate`).set(bearer);
    await reinstate()
      .send({ reason: 'sorry' })
      .expect(400, /"path":"reason"/);
    await reinstate().send([1]).expect(400);
    await reinstate().send({}).expect(200);
    await reinstate().expect(200);
  });

  it('a body that is needed and not sent is 400, and changes nothing', async () => {
    const bearer = { authorization: `Bearer ${await roster.signIn()}` };
    const { body: me } = await roster.api.patch('/users/me').set(bearer).send({ bio: 'Wrote a program.' }).expect(200);
    const put = () => roster.api.put(`/users/${me.id}`).set(bearer);
    await put().expect(400, /validation-failed/);
    await put()
      .set('content-type', 'application/json')
      .send('null')
      .expect(400, /validation-failed/);
    await roster.api.patch(`/users/${me.id}`).set(bearer).expect(400);
    expect((await roster.api.get('/users/me').set(bearer).expect(200)).body).toMatchObject({ bio: 'Wrote a program.' });
  });

  it('an error is a problem, also for who asks for HTML or posts a form; a page is for links, and for where nothing is', async () => {
    const html = { accept: 'text/html' };
    const problem = /^application\/problem\+json/;
    await roster.api.get('/users/me').set(html).expect(401).expect('content-type', problem);
    // RFC 7662, 2.1: resource servers ask by a form, and read JSON.
    const introspected = roster.api.post('/auth/introspect').type('form').send({ token: 'x' });
    await introspected.expect(401).expect('content-type', problem);
    const page = /^text\/html/;
    await roster.api.get('/auth/verify-email?token=x').set(html).expect(410).expect('content-type', page);
    await roster.api
      .post('/auth/verify-email')
      .type('form')
      .send({ token: 'x' })
      .expect(410)
      .expect('content-type', page);
    await roster.api.get('/nowhere').set(html).expect(404).expect('content-type', page);
    await roster.api.get('/auth/login').set(html).expect(405).expect('content-type', page);
  });

  it('another method is 405 and says which there are; a path that is not there stays 404', async () => {
    const refused = await roster.api.delete('/users/me/').expect(404);
    expect(refused.body).toMatchObject({ code: 'not-found' });
    const login = await roster.api.get('/auth/login').expect(405);
    expect(login.body).toMatchObject({ code: 'method-not-allowed' });
    expect(login.headers['allow']).toBe('POST');
    const user = await roster.api.post('/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071').expect(405);
    expect(user.headers['allow']).toBe('DELETE, GET, HEAD, PATCH, PUT');
    const me = await roster.api.delete('/users/me').expect(405);
    expect(me.headers['allow']).toBe('GET, HEAD, PATCH');
    await roster.api.get('/docs/nothing.js').expect(404);
  });
});

describe('the watch over the answers of all tests', () => {
  const answer = (given: Partial<Answer>): Answer => ({
    method: 'GET',
    url: '/health/live',
    asksForPage: false,
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-trace-id': 'abc' },
    body: Buffer.from('{"status":"up"}'),
    ...given,
  });
  const unavailable = { 'content-type': 'application/json', 'x-trace-id': 'abc' };

  it.each<[string, Partial<Answer>, RegExp | undefined]>([
    ['nothing where all is well', {}, undefined],
    [
      'a wrong value',
      { body: Buffer.from('{"status":"off"}') },
      /^GET \/health\/live answered 200: \/status must be equal/,
    ],
    ['a missing property', { body: Buffer.from('{}') }, /required property 'status'/],
    ['a property too many', { body: Buffer.from('{"status":"up","host":"db1"}') }, /unevaluated.*"host"/],
    ['what is no JSON', { body: Buffer.from('up') }, /not JSON/],
    [
      'another content type',
      { headers: { 'content-type': 'text/plain', 'x-trace-id': 'abc' } },
      /"text\/plain", and only/,
    ],
    ['another status', { status: 418 }, /answered 418: only 200, .* are documented for getLiveness/],
    ['a route that is not documented', { url: '/nowhere' }, /no such route/],
    ['a missing header', { headers: { 'content-type': 'application/json' } }, /header x-trace-id is missing/],
    ['a header too many', { headers: { ...unavailable, etag: '"1"' } }, /header etag is not documented/],
  ])('finds %s', (_what, given, expected) => {
    const breaches = new Contract(document).breaches(answer(given));
    if (!expected) expect(breaches).toEqual([]);
    else expect(breaches).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    ['a code that is not among those of its answer', { code: 'last-admin' }, /the code is last-admin, and only valid/],
    ['a code that there is not', { code: 'no-idea' }, /\/code must be equal to one of/],
    ['another status than that of the answer', { status: 409 }, /the body says that the status is 409/],
  ])('finds %s', (_what, wrong, expected) => {
    const problem = {
      type: 'urn:x',
      title: 't',
      detail: 'd',
      instance: '/',
      traceId: 'abc',
      status: 400,
      code: 'bad-request',
    };
    const given = answer({
      status: 400,
      headers: { 'content-type': 'application/problem+json', 'x-trace-id': 'abc' },
      body: Buffer.from(JSON.stringify({ ...problem, ...wrong })),
    });
    expect(new Contract(document).breaches(given)).toEqual([expect.stringMatching(expected)]);
  });

  it('finds a page that nobody asked for, or on a route that has none', () => {
    const page = {
      headers: { 'content-type': 'text/html', 'x-trace-id': 'abc' },
      body: Buffer.from('<!doctype html>'),
    };
    const link = answer({ ...page, url: '/auth/verify-email', status: 410 });
    const contract = new Contract(document);
    expect(contract.breaches({ ...link, asksForPage: true })).toEqual([]);
    const onlyJson = [expect.stringMatching(/"text\/html", and only application\/problem\+json is documented/)];
    expect(contract.breaches(link)).toEqual(onlyJson);
    expect(contract.breaches(answer({ ...page, status: 500, asksForPage: true }))).toEqual(onlyJson);
  });

  it('sees what leaves a server, in pieces too, before its client does', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('x-trace-id', 'abc').setHeader('content-type', 'application/json');
      response.write('{"status":');
      response.end('"asleep"}');
    });
    watchContract(server, new Contract(apiDocument(roster.app)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health/live`);
    server.close();
    expect(takeBreaches()).toEqual([
      expect.stringMatching(/^GET \/health\/live answered 200: \/status .*\n {4}\{"status":"asleep"\}/),
    ]);
  });
});
