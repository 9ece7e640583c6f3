import { LineFault, type SourceLine, type SourcePerson } from '../source-person.js';
import { auth0Hash, auth0Person } from './auth0-source.js';
import { cognitoPerson } from './cognito-source.js';
import { csvRecords, csvRows } from './csv-records.js';
import type { Source } from '../sources.js';
import { type FirebaseHashConfig, firebasePerson, firebaseRow } from './firebase-source.js';
import { jsonElements } from './json-elements.js';
import { keycloakPerson } from './keycloak-source.js';
import { objectOf, type RawLine, rawLines } from './lines.js';
import { lineOf, type Notes, ownCsv, ownNdjson, withoutDefusing } from './roster-source.js';
import { supabasePerson } from './supabase-source.js';
import type { Json } from './values.js';

export interface SourceOptions {
  readonly hashConfig?: FirebaseHashConfig | undefined;
  /** Whether roles of Keycloak are taken. */
  readonly withRoles?: boolean;
  /** In milliseconds. */
  readonly now: number;
}

/**
 * The people in a file of this source, in its order, in constant memory.
 * @throws LineFault where it is no such file
 */
export function openSource(
  source: Source,
  chunks: AsyncIterable<Buffer>,
  options: SourceOptions,
  notes: Notes,
): AsyncIterable<SourceLine> {
  switch (source) {
    case 'csv':
      return ownCsv(chunks, notes);
    case 'ndjson':
      return ownNdjson(chunks, notes);
    case 'auth0':
      return auth0(chunks);
    case 'firebase':
      return either(chunks, 'users', firebaseCsv, (of) => firebasePerson(of, options.hashConfig));
    case 'cognito':
      return either(chunks, 'Users', headedCsv, cognitoPerson);
    case 'keycloak':
      return people(jsonElements(chunks, 'users'), (of) => keycloakPerson(of, options.withRoles === true));
    case 'supabase':
      return either(chunks, 'users', headedCsv, (of) => supabasePerson(of, options.now));
  }
}

interface Given {
  readonly line: number;
  readonly value?: Json;
  readonly fault?: SourceLine['fault'];
}
type Read = (of: Json) => SourcePerson;

async function* auth0(chunks: AsyncIterable<Buffer>): AsyncGenerator<SourceLine> {
  for await (const { line, value, fault } of auth0Values(chunks)) {
    if (!value) yield { line, ...(fault && { fault }) };
    // Lines with hashes were read before.
    else if (auth0Hash(value) === undefined || 'email' in value) yield lineOf(line, () => auth0Person(value));
  }
}

/** A list, objects one a line, or CSV, in which each text begins with an apostrophe. */
export async function* auth0Values(chunks: AsyncIterable<Buffer>): AsyncGenerator<Given> {
  const { first, all } = await peek(chunks);
  if (first === '[') yield* values(jsonElements(all, 'users'));
  else if (first === '{') yield* values(rawLines(all, false));
  else yield* headedCsv(all, (cell) => cell.replace(/^'/, ''));
}

async function* either(
  chunks: AsyncIterable<Buffer>,
  list: string,
  csv: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Given>,
  read: Read,
): AsyncGenerator<SourceLine> {
  const { first, all } = await peek(chunks);
  if (first === '{' || first === '[') yield* people(jsonElements(all, list), read);
  else yield* personsOf(csv(all), read);
}

async function* firebaseCsv(chunks: AsyncIterable<Buffer>): AsyncGenerator<Given> {
  for await (const { line, cells, fault } of csvRecords(chunks)) {
    yield cells ? { line, value: firebaseRow(cells) } : { line, ...(fault && { fault }) };
  }
}

/** CSV with a header; empty cells are left out. */
export async function* headedCsv(
  chunks: AsyncIterable<Buffer>,
  plain: (cell: string) => string = withoutDefusing,
): AsyncGenerator<Given> {
  for await (const { line, row, fault } of csvRows(chunks, () => undefined)) {
    if (!row) yield { line, ...(fault && { fault }) };
    else yield { line, value: Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, plain(cell)])) };
  }
}

function people(lines: AsyncIterable<RawLine>, read: Read): AsyncIterable<SourceLine> {
  return personsOf(values(lines), read);
}

async function* personsOf(given: AsyncIterable<Given>, read: Read): AsyncGenerator<SourceLine> {
  for await (const { line, value, fault } of given) {
    yield value ? lineOf(line, () => read(value)) : { line, ...(fault && { fault }) };
  }
}

async function* values(lines: AsyncIterable<RawLine>): AsyncGenerator<Given> {
  for await (const { line, bytes, fault } of lines) {
    if (bytes) yield valueOf(line, bytes);
    else yield { line, ...(fault && { fault }) };
  }
}

function valueOf(line: number, bytes: Buffer): Given {
  try {
    return { line, value: objectOf(bytes) };
  } catch (error) {
    if (error instanceof LineFault) return { line, fault: error };
    throw error;
  }
}

/** The first character that is not white space, and everything from the beginning. */
async function peek(chunks: AsyncIterable<Buffer>): Promise<{ first: string; all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const before: Buffer[] = [];
  let first = '';
  while (first === '') {
    const next = await iterator.next();
    if (next.done) break;
    before.push(next.value);
    first = next.value
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trimStart()
      .slice(0, 1);
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* before;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { first, all: all() };
}
