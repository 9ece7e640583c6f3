import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { OpenAPIObject, OperationObject, ParameterObject, RequestBodyObject, SchemaObject } from '@nestjs/swagger';
import { resolve } from '../../src/http/openapi/api-examples.js';
import { type Roster, startRoster } from '../support/roster.js';

/**
 * No text, however long and whatever it consists of, occupies the server for 50 ms. What is measured is the processor time that the thread
 * of the event loop spends until the answer is there, client included: a stall cannot be longer, and other load on the machine does not count.
 */
const MOST_MS = 50;
// Thousands of requests, which a busy machine takes its time for; what is measured is not how long they take.
jest.setTimeout(300_000);
const TRIES = 12;

const LONG = 60_000;
/** What fits into the head of a request, of which Node.js reads 16 KB. */
const HEAD = 12_000;

/** Units that are repeated, and what stands at the end. */
const ALPHABETS: Readonly<Record<string, readonly [unit: string, end?: string]>> = {
  'spaces before a control character': [' ', '\u0001'],
  'letters before a control character': ['a', '\u0001'],
  'combining marks in turn': ['\u0315\u0300\u05ae\u0062'.slice(0, 3)],
  'emoji of two code units': ['\u{1f600}'],
  'ligatures that NFKC expands': ['\ufdfa'],
  digits: ['1', 'x'],
  'dots and at signs': ['a.@'],
  'slashes and question marks': ['//?'],
  'quotes and backslashes': ['"\\'],
  'bidirectional controls': ['\u202e\u2066'],
  'hyphens and colons': ['-:', '!'],
  'capitals with a dot, which fold': ['\u0130'],
};

const textOf = (
  [unit, end = '']: readonly [string, string?],
  measure: (text: string) => number,
  most: number,
): string => {
  const room = most - measure(end);
  return unit.repeat(Math.max(1, Math.floor(room / measure(unit)))) + end;
};
const inJson = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;
const inUrl = (text: string): number => encodeURIComponent(text).length;
const inCharacters = (text: string): number => [...text].length;

interface Probe {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

let roster: Roster;
let document: OpenAPIObject;
let bearer: string;
const agent = new Agent({ keepAlive: true });
beforeAll(async () => {
  roster = await startRoster();
  document = (await roster.api.get('/docs-json').expect(200)).body as OpenAPIObject;
  bearer = `Bearer ${await roster.signIn()}`;
});
afterAll(async () => {
  agent.destroy();
  await roster.stop();
});

/** These end the session of who asks. */
const LEFT_OUT = ['logout', 'endOtherSessions'];

function operations(): { name: string; method: string; path: string; operation: OperationObject }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, OperationObject>)
      .filter(([, { operationId }]) => !LEFT_OUT.includes(operationId ?? ''))
      .map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, method, path, operation })),
  );
}

const parametersOf = (operation: OperationObject): ParameterObject[] =>
  (operation.parameters ?? []) as ParameterObject[];
const exampleOf = ({ schema, example }: ParameterObject): string =>
  String(example ?? (schema as SchemaObject | undefined)?.example ?? '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071');

/** The path with its parameters filled in. */
function pathOf(path: string, operation: OperationObject, given: Record<string, string> = {}): string {
  const parameters = parametersOf(operation);
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    return encodeURIComponent(given[name] ?? (parameter ? exampleOf(parameter) : 'x'));
  });
}

async function send({ method, path, headers, body }: Omit<Probe, 'what'>): Promise<number> {
  const { port } = new URL(roster.url);
  return new Promise((done, fail) => {
    const outgoing = httpRequest({ agent, host: '127.0.0.1', port, method: method.toUpperCase(), path, headers });
    outgoing.on('response', (answer) => answer.on('end', () => done(answer.statusCode ?? 0)).resume());
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

/** The least of several tries: one may compile what it runs, collect the garbage of others, or share a core with them. */
async function processorTime(probe: Probe): Promise<{ ms: number; status: number }> {
  let [ms, status] = [Infinity, 0];
  for (let attempt = 0; attempt < TRIES && ms > MOST_MS; attempt++) {
    const before = process.threadCpuUsage();
    status = await send(probe);
    const { user, system } = process.threadCpuUsage(before);
    ms = Math.min(ms, (user + system) / 1000);
  }
  return { ms, status };
}

async function slow(probes: readonly Probe[]): Promise<string[]> {
  const found: string[] = [];
  for (const probe of probes) {
    const { ms, status } = await processorTime(probe);
    if (ms > MOST_MS || status >= 500) found.push(`${probe.what}: ${status} after ${ms.toFixed(0)} ms`);
  }
  return found;
}

const json = { 'content-type': 'application/json' };
const WRITERS: Readonly<
  Record<string, { write: (body: Record<string, unknown>) => string; size: (text: string) => number }>
> = {
  'application/json': { write: JSON.stringify, size: inJson },
  'application/x-www-form-urlencoded': {
    write: (body) => new URLSearchParams(body as Record<string, string>).toString(),
    size: inUrl,
  },
};

interface Field {
  readonly what: string;
  readonly maxLength: number;
  readonly probe: (value: unknown) => Omit<Probe, 'what'>;
  readonly size: (text: string) => number;
}

/** Every field of every body, in each of its content types. */
function fields(): Field[] {
  return operations().flatMap(({ name, method, path, operation }) => {
    const { content = {} } = (operation.requestBody ?? {}) as Partial<RequestBodyObject>;
    return Object.entries(content).flatMap(([type, { schema, example }]) => {
      // Those of an import are streamed, and have lines rather than fields; test/unit/import-lines.test.ts tries them.
      if (type === 'text/csv' || type === 'application/x-ndjson') return [];
      const { write, size } = WRITERS[type]!;
      return Object.entries(resolve(document, schema!).properties ?? {}).map(([field, property]) => ({
        what: `${name} ${field} (${type})`,
        maxLength: resolve(document, property).maxLength ?? 100,
        size,
        probe: (value: unknown) => ({
          method,
          path: pathOf(path, operation),
          headers: { 'content-type': type, authorization: bearer },
          body: write({ ...(example as object), [field]: value }),
        }),
      }));
    });
  });
}

function bodyProbes(alphabet: string): Probe[] {
  const text = ALPHABETS[alphabet]!;
  return fields().flatMap(({ what, maxLength, probe, size }) => [
    { what: `${what}, long`, ...probe(textOf(text, size, LONG)) },
    { what: `${what}, as long as allowed`, ...probe(textOf(text, inCharacters, maxLength)) },
  ]);
}

function queryProbes(alphabet: string): Probe[] {
  const text = ALPHABETS[alphabet]!;
  return operations().flatMap(({ name, method, path, operation }) =>
    parametersOf(operation)
      .filter((parameter) => parameter.in === 'query')
      .flatMap((parameter) => {
        const { maxLength = 100 } = resolve(document, parameter.schema!);
        const values = { long: textOf(text, inUrl, HEAD), 'as long as allowed': textOf(text, inCharacters, maxLength) };
        return Object.entries(values)
          .filter(([, value]) => inUrl(value) <= HEAD)
          .map(([length, value]) => ({
            what: `${name} ?${parameter.name}, ${length}`,
            method,
            path: `${pathOf(path, operation)}?${parameter.name}=${encodeURIComponent(value)}`,
            headers: { authorization: bearer },
          }));
      }),
  );
}

function pathProbes(alphabet: string): Probe[] {
  const text = ALPHABETS[alphabet]!;
  return operations().flatMap(({ name, method, path, operation }) =>
    [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
      what: `${name} {${parameter}}`,
      method,
      path: pathOf(path, operation, { [parameter!]: textOf(text, inUrl, HEAD) }),
      headers: { authorization: bearer, ...json },
      body: '{}',
    })),
  );
}

describe.each(Object.keys(ALPHABETS))('60 KB of %s', (alphabet) => {
  it('in any field of any body are answered at once', async () => {
    const probes = bodyProbes(alphabet);
    expect(probes.length).toBeGreaterThan(100);
    expect(await slow(probes)).toEqual([]);
  });

  it('in any query parameter, and in any part of a path, are answered at once', async () => {
    const probes = [...queryProbes(alphabet), ...pathProbes(alphabet)];
    expect(probes.length).toBeGreaterThan(60);
    expect(await slow(probes)).toEqual([]);
  });

  it('are matched at once by every pattern that the API document gives to clients', () => {
    const patterns = new Set(
      [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text]) => text!),
    );
    expect(patterns.size).toBeGreaterThan(15);
    const text = textOf(ALPHABETS[alphabet]!, inJson, LONG);
    const found = [...patterns].filter((quoted) => {
      const pattern = new RegExp(JSON.parse(quoted) as string, 'u');
      const before = process.threadCpuUsage();
      pattern.test(text);
      return process.threadCpuUsage(before).user > 1000 * MOST_MS;
    });
    expect(found).toEqual([]);
  });
});

describe('what is long by its number of parts', () => {
  const numbered = <Part>(part: (name: string) => Part): Part[] =>
    Array.from({ length: 6000 }, (_, index) => part(index.toString(36)));

  it('thousands of items in the place of any field are answered at once', async () => {
    const list = numbered((name) => name);
    const probes = fields()
      .filter(({ what }) => what.includes('json'))
      .flatMap(({ what, probe }) => [
        { what, ...probe(list) },
        { what: `${what}, of one kind`, ...probe(list.map(() => 1)) },
      ]);
    expect(probes.length).toBeGreaterThan(50);
    expect(await slow(probes)).toEqual([]);
  });

  it('thousands of unknown fields are answered at once, and fifty of them named', async () => {
    const body = JSON.stringify(Object.fromEntries(numbered((name) => [`x${name}`, 1] as const)));
    const probe = { what: 'fields', method: 'post', path: '/auth/register', headers: json, body };
    expect(await slow([probe])).toEqual([]);
    const { body: problem } = await roster.api.post('/auth/register').set(json).send(body).expect(400);
    expect((problem as { errors: unknown[] }).errors).toHaveLength(50);
    const form = new URLSearchParams(numbered((name): [string, string] => [name, ''])).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await slow([{ ...probe, path: '/auth/verify-email', headers: type, body: form }])).toEqual([]);
    const query = numbered((name) => name)
      .join('&')
      .slice(0, HEAD);
    expect(
      await slow([{ ...probe, method: 'get', path: `/users?${query}`, headers: { authorization: bearer } }]),
    ).toEqual([]);
  });
});

const PAGE = { method: 'get', path: '/auth/verify-email?token=x', headers: { accept: 'text/html' } };
const LOGIN = { method: 'post', path: '/auth/login', headers: json, body: '{"identifier":"x","password":"y"}' };
/** Which header is sent where it is read. */
const HEADERS: Readonly<Record<string, Omit<Probe, 'what'>>> = {
  accept: PAGE,
  'accept-language': PAGE,
  authorization: { method: 'get', path: '/users/me' },
  'content-encoding': LOGIN,
  'content-type': LOGIN,
  cookie: LOGIN,
  'idempotency-key': { method: 'post', path: '/users', headers: json, body: '{"firstName":"x"}' },
  'if-match': { method: 'patch', path: '/users/me', headers: json, body: '{"bio":"x"}' },
  'if-none-match': { method: 'get', path: '/users/me' },
  'last-event-id': { method: 'get', path: '/events' },
  origin: LOGIN,
  range: PAGE,
  referer: PAGE,
  traceparent: PAGE,
  'user-agent': LOGIN,
  'x-forwarded-for': LOGIN,
  'x-request-id': PAGE,
};
/** Those that a header can hold, with what gives it the right beginning. */
const IN_HEADERS: readonly (readonly [begin: string, unit: string, end: string])[] = [
  ['', 'a', ''],
  ['Bearer ', 'a', '!'],
  ['Bearer ', 'e30.', ''],
  ['a', ' ', 'a'],
  ['a', '\t', 'a'],
  ['text/html', ';a="', ''],
  ['application/json', '; charset', ''],
  ['', 'de-AT;q=0.1,', ''],
  ['en-', 'a-', '1'],
  ['roster-device=', 'a=;', ''],
  ['', '"1", ', ''],
  ['', '-1.', 'x'],
  ['Version/', 'Version/ ', 'x'],
  ['', '\u00ff', ''],
  ['', '/\\', ''],
];

it('a header of 12 KB is read at once, whatever it consists of', async () => {
  const probes = Object.entries(HEADERS).flatMap(([header, { headers, ...route }]) =>
    IN_HEADERS.map(([begin, unit, end]) => ({
      ...route,
      what: `${header}: ${begin}${unit}${unit}`,
      headers: {
        authorization: bearer,
        ...headers,
        [header]: begin + unit.repeat(Math.floor(HEAD / unit.length)) + end,
      },
    })),
  );
  expect(await slow(probes)).toEqual([]);
});
