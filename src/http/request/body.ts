import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../problems/domain-error.js';

/** The body is not UTF-8, not JSON or not a form, or contains repeated keys, NUL or deep nesting. */
export class MalformedBody extends DomainError {
  readonly code = 'malformed-body';
}

/** The body is compressed, or in a charset other than UTF-8. */
export class UnsupportedBody extends DomainError {
  readonly code = 'unsupported-media-type';
  /** For `Accept-Encoding` (RFC 9110, 15.5.16), if the content encoding is unsupported. */
  readonly acceptEncoding?: string;
  constructor(message: string, acceptEncoding?: string) {
    super(message);
    if (acceptEncoding !== undefined) this.acceptEncoding = acceptEncoding;
  }
}

/** Makes Fastify parse JSON and forms with the functions below, and nothing else. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parsers = { 'application/json': parseJsonBody, 'application/x-www-form-urlencoded': parseFormBody };
  for (const [type, parse] of Object.entries(parsers)) {
    fastify.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body, done) => {
      try {
        done(null, parse(readText(body as Buffer, request.headers)));
      } catch (error) {
        done(error as Error);
      }
    });
  }
}

/** Passes bodies of these types on as streams, unread and without the limit of others, to one route; elsewhere they are refused. */
export function addStreamedBodies(fastify: FastifyInstance, route: string, types: readonly string[]): void {
  fastify.addContentTypeParser([...types], (request, body, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (request.routeOptions.url?.endsWith(route) !== true) done(new UnsupportedBody('Send the body as JSON.'));
    else if (encoding !== 'identity')
      done(new UnsupportedBody('Send the body without a Content-Encoding.', 'identity'));
    else done(null, body);
  });
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/gi;

/**
 * The text of a body without a leading byte order mark, which some clients send. Invalid UTF-8 is refused rather than replaced:
 * otherwise the stored value would differ from what was sent, and two different passwords could become equal.
 * @throws UnsupportedBody for another charset, or for a content encoding; MalformedBody for what is not UTF-8
 */
export function readText(body: Buffer, headers: IncomingHttpHeaders): string {
  if (body.length === 0) return '';
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') {
    throw new UnsupportedBody('Send the body without a Content-Encoding; compressed ones are not taken.', 'identity');
  }
  for (const [, charset = ''] of (headers['content-type'] ?? '').matchAll(CHARSET)) {
    if (!/^utf-?8$/i.test(charset)) throw new UnsupportedBody('Send the body in UTF-8; other charsets are not taken.');
  }
  try {
    return UTF_8.decode(body);
  } catch {
    throw new MalformedBody('The body is not UTF-8.');
  }
}

const MAX_DEPTH = 8;

// Keys with a meaning to JavaScript objects; no field has such a name.
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a JSON body strictly (RFC 8259, I-JSON RFC 7493): repeated keys, `__proto__`, NUL characters, unpaired surrogates
 * and nesting deeper than 8 are refused rather than silently changed.
 * @returns undefined for an empty one: many clients send a content type with every request, with or without a body
 * @throws MalformedBody
 */
export function parseJsonBody(text: string): unknown {
  // JSON white space.
  if (/^[ \t\r\n]*$/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedBody('The body is not valid JSON.');
  }
  refuseRepeatedKeys(text);
  refuseHostileStrings(value, 1);
  return value;
}

/**
 * Parses an HTML form body (`application/x-www-form-urlencoded`) into a flat object of strings.
 * @throws MalformedBody
 */
export function parseFormBody(text: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const end = pair.indexOf('=');
    const [name, value] = end === -1 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)];
    const field = decodeField(name);
    if (field in fields) throw new MalformedBody('The form repeats a field.');
    fields[field] = decodeField(value);
  }
  refuseHostileStrings(fields, 1);
  // A plain object: class-transformer copies only those.
  return { ...fields };
}

/** Unlike URLSearchParams, which substitutes a replacement character for invalid UTF-8. */
function decodeField(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    throw new MalformedBody('The form is not percent-encoded UTF-8.');
  }
}

function refuseHostileStrings(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new MalformedBody('Text must not contain NUL characters.');
    if (!value.isWellFormed()) throw new MalformedBody('Text must not contain unpaired surrogates.');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new MalformedBody(`The body is nested deeper than ${MAX_DEPTH} levels.`);
  for (const [key, item] of Object.entries(value)) {
    if (POLLUTING.has(key)) throw new MalformedBody(`The key ${key} is not allowed.`);
    refuseHostileStrings(key, depth);
    refuseHostileStrings(item, depth + 1);
  }
}

/** Scans valid JSON; `JSON.parse` itself keeps only the last of repeated keys. */
function refuseRepeatedKeys(text: string): void {
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g;
  const open: (Set<string> | undefined)[] = [];
  let previousString = '';
  for (const [part] of text.matchAll(token)) {
    if (part === '{') open.push(new Set());
    else if (part === '[') open.push(undefined);
    else if (part === '}' || part === ']') open.pop();
    else if (part === ':') {
      const keys = open.at(-1);
      const key = JSON.parse(previousString) as string;
      if (keys?.has(key)) throw new MalformedBody(`The key ${JSON.stringify(key.slice(0, 100))} is repeated.`);
      keys?.add(key);
    } else if (part !== ',') previousString = part;
  }
}
