import { breath } from '../../async/breath.js';
import { postgresCode } from '../../database/transaction.js';
import type { Companions } from './companions.js';
import type { ImportWriter, Numbered, PreparedBatch, Written } from './import-writer.js';
import { checkPerson } from './person-rules.js';
import { LineFault, type SourceLine, type SourcePerson } from './source-person.js';
import { auth0Id } from './sources/auth0-source.js';

export interface ImportCounts {
  created: number;
  /** Imported before, by the id at the source. */
  present: number;
  refused: number;
}

/** Told what is worth a line of the report. */
export interface ImportListener {
  refused(line: number, fault: LineFault): void;
  /** The user went in, but not all of it. */
  leftOut(line: number, externalId: string, what: readonly string[]): void;
  /** After each batch, which is committed. @returns false to stop here */
  done(counts: Readonly<ImportCounts>): Promise<boolean> | boolean;
}

interface ImportParts {
  readonly lines: AsyncIterable<SourceLine>;
  /** Of the file, as read so far for these lines. */
  readonly bytesRead: () => number;
  readonly writer: ImportWriter;
  readonly companions?: Companions;
  /** Whether the source has our own names; see `checkPerson`. */
  readonly isOurs: boolean;
  readonly listener: ImportListener;
}

/** Whichever comes first, so that long lines take no more memory than short ones. */
const BATCH = { lines: 1000, bytes: 4 * 1024 * 1024 };
const ATTEMPTS = 4;
/** Somebody else wrote the same at the same time; deadlocks; serialization failures. */
const RETRYABLE = new Set(['23505', '40P01', '40001']);

/**
 * Imports people line by line, in batches: while PostgreSQL writes one, the next is read, checked, sealed and encoded. What the database
 * says of a batch is asked before the one before it is written, since both share a connection.
 */
export async function runImport(parts: ImportParts): Promise<ImportCounts> {
  const { lines, bytesRead, writer, companions, isOurs, listener } = parts;
  const counts: ImportCounts = { created: 0, present: 0, refused: 0 };
  const state = { goesOn: true };
  const refuse = (line: number, fault: LineFault): void => {
    counts.refused++;
    listener.refused(line, fault);
  };
  const settle = async (batch: readonly Numbered[], prepared: PreparedBatch): Promise<void> => {
    const written = await writtenAtLast(writer, batch, prepared);
    for (const [place, { line, person }] of batch.entries()) {
      const one = written[place] as Written;
      if ('fault' in one) refuse(line, one.fault);
      else counts[one.outcome]++;
      if ('outcome' in one && one.outcome === 'created' && person.leftOut.length > 0) {
        listener.leftOut(line, person.externalId, person.leftOut);
      }
    }
    state.goesOn = await listener.done(counts);
  };

  let next: { readonly batch: Numbered[]; readonly prepared: PreparedBatch } | undefined;
  let writing: Promise<void> = Promise.resolve();
  for await (const given of inBatches(lines, bytesRead)) {
    // On the same connection, which is in a transaction meanwhile.
    if (companions) await writing;
    const batch = await checkedBatch(given, companions, isOurs, refuse);
    await writing;
    if (!state.goesOn) return counts;
    const found = await writer.look(batch);
    if (next) writing = settle(next.batch, next.prepared);
    // It is awaited with the next batch; until then, its failure is not unheard of.
    writing.catch(() => undefined);
    next = { batch, prepared: await writer.prepare(batch, found, next?.prepared) };
  }
  await writing;
  if (next && state.goesOn) await settle(next.batch, next.prepared);
  return counts;
}

/** Again from the start where somebody else wrote the same at the same time. */
async function writtenAtLast(
  writer: ImportWriter,
  batch: readonly Numbered[],
  prepared: PreparedBatch,
): Promise<Written[]> {
  for (let attempt = 1, ready = prepared; ; attempt++) {
    try {
      return await writer.write(ready);
    } catch (error) {
      if (attempt === ATTEMPTS || !RETRYABLE.has(postgresCode(error) ?? '')) throw error;
      ready = await writer.prepare(batch, await writer.look(batch));
    }
  }
}

async function checkedBatch(
  batch: readonly SourceLine[],
  companions: Companions | undefined,
  isOurs: boolean,
  refuse: (line: number, fault: LineFault) => void,
): Promise<Numbered[]> {
  const given: { line: number; person: SourcePerson }[] = [];
  for (const { line, person, fault } of batch) {
    if (person) given.push({ line, person });
    else refuse(line, fault ?? new LineFault('malformed-line', 'The record cannot be read.'));
  }
  const people = companions
    ? await companions.join(
        given.map(({ person }) => person),
        auth0Id,
      )
    : undefined;
  const checked: Numbered[] = [];
  for (const [place, { line, person }] of given.entries()) {
    await breath(place);
    try {
      const joined = people?.[place] ?? person;
      if (joined instanceof LineFault) throw joined;
      checked.push({ line, person: checkPerson(joined, isOurs) });
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      refuse(line, error);
    }
  }
  return checked;
}

async function* inBatches(lines: AsyncIterable<SourceLine>, bytesRead: () => number): AsyncGenerator<SourceLine[]> {
  let batch: SourceLine[] = [];
  let begin = bytesRead();
  for await (const line of lines) {
    batch.push(line);
    await breath(batch.length);
    if (batch.length < BATCH.lines && bytesRead() - begin < BATCH.bytes) continue;
    yield batch;
    [batch, begin] = [[], bytesRead()];
  }
  if (batch.length > 0) yield batch;
}
