import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../problems/domain-error.js';

/** The body is not UTF-8, not JSON or not a form, or holds what no client needs: repeated keys, NUL, deep nesting. */
export class MalformedBody extends DomainError {
  readonly code = 'malformed-body';
}

/** The body is compressed, or text in another charset than UTF-8. */
export class UnsupportedBody extends DomainError {
  readonly code = 'unsupported-media-type';
  /** For `Accept-Encoding` (RFC 9110, 15.5.16), where the content encoding is what was not taken. */
  readonly acceptEncoding?: string;
  constructor(message: string, acceptEncoding?: string) {
    super(message);
    if (acceptEncoding !== undefined) this.acceptEncoding = acceptEncoding;
  }
}

/** Has Fastify read JSON and forms by what follows here, and nothing else. */
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

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/gi;

/**
 * The text of a body without the byte order mark that some clients put before it. Bytes that are not UTF-8 are never replaced:
 * what is stored would not be what was sent, and two passwords that differ in them would be one.
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

// Keys that mean something to JavaScript objects; no field has such a name.
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a JSON body strictly (RFC 8259, I-JSON RFC 7493): repeated keys, `__proto__`, NUL characters, unpaired surrogates
 * and nesting deeper than 8 are refused rather than silently changed.
 * @returns undefined for an empty one: many clients name a content type with every request, whether or not there is a body
 * @throws MalformedBody
 */
export function parseJsonBody(text: string): unknown {
  // White space as JSON has it.
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

/** Not as URLSearchParams, which puts a replacement character in the place of bytes that are not UTF-8. */
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

/** Walks JSON that is known to be valid; `JSON.parse` itself keeps only the last of repeated keys. */
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
