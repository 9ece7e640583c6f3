import { DomainError } from './domain-error.js';

/** The body is not JSON or not a form, or holds what no client needs: repeated keys, NUL, deep nesting. */
export class MalformedBody extends DomainError {
  readonly code = 'malformed-body';
}

const MAX_DEPTH = 8;

// Keys that mean something to JavaScript objects; no field has such a name.
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a JSON body strictly (RFC 8259, I-JSON RFC 7493): repeated keys, `__proto__`, NUL characters, unpaired surrogates
 * and nesting deeper than 8 are refused rather than silently changed.
 * @throws MalformedBody
 */
export function parseJsonBody(text: string): unknown {
  if (text.trim() === '') throw new MalformedBody('The body is empty; expected a JSON object.');
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
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in fields) throw new MalformedBody('The form repeats a field.');
    fields[name] = value;
  }
  refuseHostileStrings(fields, 1);
  // A plain object: class-transformer copies only those.
  return { ...fields };
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
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;
  const open: (Set<string> | undefined)[] = [];
  let previousString = '';
  for (const [part] of text.matchAll(token)) {
    if (part === '{') open.push(new Set());
    else if (part === '[') open.push(undefined);
    else if (part === '}' || part === ']') open.pop();
    else if (part === ':') {
      const keys = open.at(-1);
      const key = JSON.parse(previousString) as string;
      if (keys?.has(key)) throw new MalformedBody(`The key ${JSON.stringify(key)} is repeated.`);
      keys?.add(key);
    } else if (part !== ',') previousString = part;
  }
}
