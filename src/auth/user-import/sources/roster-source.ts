import { PROFILE_FIELDS } from '../../../events/catalogue.js';
import { isForeignText, parseForeignHash } from '../../passwords/foreign/parse-foreign.js';
import { LineFault, type SourceLine, type SourcePerson, sourcePerson } from '../source-person.js';
import { csvRows } from './csv-records.js';
import { objectOf, rawLines } from './lines.js';
import { flag, type Json, ofHash, text } from './values.js';

const OWN = ['externalId', 'id', 'email', 'emailVerified', 'username', 'role', 'status', 'passwordHash', 'totpSecret'];
const KNOWN: ReadonlySet<string> = new Set([...OWN, ...PROFILE_FIELDS]);
/** Longer than any that Roster knows. */
const LONGEST_NAME = 64;
const MOST_UNKNOWN = 100;
/** What an export of ours has besides: known, and left out without a word. */
const OF_EXPORT = [
  'isProfessional',
  'professionalStatusChangedAt',
  'lockedUntil',
  'lastLoginAt',
  'createdAt',
  'updatedAt',
  'version',
];

export interface Notes {
  /** Told once for each. */
  unknown(name: string): void;
}

/** CSV with a header of the API's names. */
export async function* ownCsv(chunks: AsyncIterable<Buffer>, notes: Notes): AsyncGenerator<SourceLine> {
  let names: readonly string[] = [];
  const rows = csvRows(chunks, (header) => {
    names = header.map(camelCase);
    for (const name of [...new Set(names)].filter(isUnknown).slice(0, MOST_UNKNOWN)) notes.unknown(name);
    if (!names.some((name) => KNOWN.has(name))) {
      throw new LineFault('no-header', 'The first line names no column that Roster knows, such as email.');
    }
  });
  for await (const { line, row, fault } of rows) {
    if (!row) yield { line, ...(fault && { fault }) };
    else {
      const cells = Object.values(row).map(withoutDefusing);
      yield lineOf(line, () => ownPerson(Object.fromEntries(names.map((name, place) => [name, cells[place]]))));
    }
  }
}

/** NDJSON with the API's names. */
export async function* ownNdjson(chunks: AsyncIterable<Buffer>, notes: Notes): AsyncGenerator<SourceLine> {
  const seen = new Set<string>();
  for await (const { line, bytes, fault } of rawLines(chunks, false)) {
    if (!bytes) yield { line, ...(fault && { fault }) };
    else
      yield lineOf(line, () => {
        const given = Object.entries(objectOf(bytes)).map(([name, value]) => [camelCase(name), value] as const);
        for (const [name] of given) {
          // Bounded: names come from the file.
          if (!isUnknown(name) || seen.has(name) || seen.size >= MOST_UNKNOWN) continue;
          seen.add(name);
          notes.unknown(name);
        }
        return ownPerson(Object.fromEntries(given));
      });
  }
}

/** A line with the person, or with why there is none. */
export function lineOf(line: number, read: () => SourcePerson): SourceLine {
  try {
    return { line, person: read() };
  } catch (error) {
    if (error instanceof LineFault) return { line, fault: error };
    throw error;
  }
}

function ownPerson(of: Json): SourcePerson {
  const externalId = text(of, 'externalId', 'id');
  try {
    const status = text(of, 'status');
    if (status === 'DELETED' || status === 'PENDING') {
      throw new LineFault('invalid-field', `A user whose status is ${status} is not imported.`);
    }
    const hash = text(of, 'passwordHash');
    return sourcePerson({
      externalId,
      email: text(of, 'email'),
      // Somebody who imports users vouches for their addresses, unless they say otherwise.
      emailVerified: flag(of, 'emailVerified') ?? true,
      username: text(of, 'username'),
      profile: Object.fromEntries(PROFILE_FIELDS.map((field) => [field, text(of, field)])),
      role: text(of, 'role'),
      suspended: status === 'SUSPENDED',
      password: hash === null || !isForeignText(hash) ? hash : ofHash(() => parseForeignHash(hash)),
      totp: text(of, 'totpSecret'),
    });
  } catch (error) {
    throw error instanceof LineFault ? new LineFault(error.code, error.message, externalId) : error;
  }
}

function isUnknown(name: string): boolean {
  return !KNOWN.has(name) && !OF_EXPORT.includes(name) && name !== '_links';
}

function camelCase(name: string): string {
  if (name.length > LONGEST_NAME) return `${name.slice(0, LONGEST_NAME)}…`;
  return name.replace(/_([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}

/** Undoes what an export does to cells that a spreadsheet would take for formulas. */
export function withoutDefusing(cell: string): string {
  return /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u.test(cell) ? cell.slice(1) : cell;
}
