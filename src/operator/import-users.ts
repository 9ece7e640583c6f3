import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { v7 as uuidv7 } from 'uuid';
import { newTraceId } from '../config/trace-id.js';
import { type Companion, Companions } from '../auth/user-import/companions.js';
import { type ImportCounts, type ImportListener, runImport } from '../auth/user-import/import-run.js';
import { ONE_AT_A_TIME } from '../auth/user-import/import-ground.js';
import { ImportWriter } from '../auth/user-import/import-writer.js';
import { LineFault } from '../auth/user-import/source-person.js';
import type { Source } from '../auth/user-import/sources.js';
import { auth0Hash } from '../auth/user-import/sources/auth0-source.js';
import { type FirebaseHashConfig, readHashConfig } from '../auth/user-import/sources/firebase-source.js';
import { auth0Values, headedCsv, openSource } from '../auth/user-import/sources/open-source.js';
import { supabaseIdentity } from '../auth/user-import/sources/supabase-source.js';
import type { OperatorContext } from './operator-context.js';
import { OperatorError } from './operator-error.js';
import type { Progress } from './progress.js';

export interface ImportOptions {
  readonly from: Source;
  readonly file: string;
  readonly dryRun: boolean;
  readonly invite: boolean;
  readonly withRoles: boolean;
  readonly report?: string | undefined;
  readonly hashConfig?: string | undefined;
  readonly hashes?: string | undefined;
  readonly identities?: string | undefined;
  readonly progress: Progress;
  /** For what is said once, such as unknown columns. */
  readonly say: (sentence: string) => void;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Imports the users of a file; servers may keep running. Those who were imported from this source before are left as they are.
 * @throws OperatorError where the file cannot be read as one of that source, or another import is running
 */
export async function importUsers(context: OperatorContext, options: ImportOptions): Promise<ImportCounts> {
  const { keyring, personalData, userColumns, settings } = context;
  const size = sizeOf(options.file);
  const hashConfig = options.hashConfig === undefined ? undefined : hashConfigOf(options.hashConfig);
  const client = await context.connect();
  const { rows } = await client.query<{ free: boolean }>(ONE_AT_A_TIME);
  if (!rows[0]?.free) throw new OperatorError('Another import is running. Start this one when it is done.');
  const ground = {
    ...{ client, keyring, personalData, userColumns, providers: settings.providers },
    ...{ actor: { kind: 'system' } as const, traceId: newTraceId(), source: sourceName(options.from), runId: uuidv7() },
    invite: options.invite,
  };
  const companions = await companionsOf(new Companions(ground), options);
  const writer = new ImportWriter(ground, options.dryRun);
  await writer.open();
  const report = reportTo(options.report);
  options.progress.start(size);
  try {
    let bytes = 0;
    const chunks = read(options.file, (count) => {
      bytes += count;
      options.progress.add(count);
    });
    const notes = {
      unknown: (name: string) => options.say(`Left out: ${JSON.stringify(name)}, which Roster does not know.`),
    };
    const source = { hashConfig, withRoles: options.withRoles, now: Date.now() };
    const lines = openSource(options.from, chunks, source, notes);
    const isOurs = options.from === 'csv' || options.from === 'ndjson';
    const ends = { bytesRead: () => bytes, writer, ...(companions && { companions }), listener: report.listener };
    return await runImport({ lines, isOurs, ...ends });
  } catch (error) {
    if (error instanceof LineFault) throw new OperatorError(error.message);
    throw error;
  } finally {
    options.progress.stop();
    await report.close();
  }
}

/** CSV and NDJSON are two spellings of one source: the same ids are the same people. */
function sourceName(from: Source): string {
  return from === 'ndjson' ? 'csv' : from;
}

async function companionsOf(companions: Companions, { from, file, hashes, identities }: ImportOptions) {
  if (from === 'auth0') {
    await companions.take(hashesIn(file));
    if (hashes !== undefined) await companions.take(hashesIn(hashes));
    return companions;
  }
  if (hashes !== undefined) throw new OperatorError('--hashes is for --from auth0.');
  if (identities === undefined) return undefined;
  if (from !== 'supabase') throw new OperatorError('--identities is for --from supabase.');
  await companions.take(identitiesIn(identities));
  return companions;
}

async function* hashesIn(file: string): AsyncGenerator<{ id: string; of: Companion }> {
  sizeOf(file);
  for await (const { value } of auth0Values(read(file))) {
    const found = value && hashOrNothing(value);
    if (found) yield { id: found.id, of: { kind: 'hash', hash: found.hash } };
  }
}

function hashOrNothing(value: Readonly<Record<string, unknown>>) {
  try {
    return auth0Hash(value);
  } catch (error) {
    // The line is reported where users are read.
    if (error instanceof LineFault) return undefined;
    throw error;
  }
}

async function* identitiesIn(file: string): AsyncGenerator<{ id: string; of: Companion }> {
  sizeOf(file);
  for await (const { value } of headedCsv(read(file))) {
    const found = value && supabaseIdentity(value);
    if (found) yield { id: found.id, of: { kind: 'identity', identity: found.identity } };
  }
}

async function* read(file: string, tell: (count: number) => void = () => undefined): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    yield chunk as Buffer;
    tell((chunk as Buffer).length);
  }
}

/** In bytes. @throws OperatorError */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    throw new OperatorError(`Cannot read ${file}.`);
  }
}

function hashConfigOf(file: string): FirebaseHashConfig {
  sizeOf(file);
  try {
    return readHashConfig(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OperatorError(error instanceof Error ? error.message : String(error));
  }
}

/** Lines that are shown where there is no report. */
const SHOWN = 20;

function reportTo(file: string | undefined): { listener: ImportListener; close: () => Promise<void> } {
  const stream = file === undefined ? undefined : createWriteStream(file, { mode: 0o600 });
  let shown = 0;
  const write = (line: number, externalId: string | null, code: string, message: string): void => {
    if (stream) stream.write(`${JSON.stringify({ line, externalId, code, message })}\n`);
    else if (shown++ < SHOWN) console.error(`Line ${line}: ${message}`);
    else if (shown === SHOWN + 1) console.error('More such lines follow; --report FILE has all of them.');
  };
  return {
    listener: {
      refused: (line, { externalId, code, message }) => write(line, externalId, code, message),
      leftOut: (line, externalId, what) => write(line, externalId, 'left-out', `Imported without ${what.join('; ')}.`),
      done: async () => {
        if (stream?.writableNeedDrain) await once(stream, 'drain');
        return true;
      },
    },
    close: async () => {
      if (!stream) return;
      stream.end();
      await once(stream, 'close');
    },
  };
}

/** What the command prints last. */
export function importReport({ created, present, refused }: ImportCounts, dryRun: boolean): string {
  const parts = [
    `${dryRun ? 'Would import' : 'Imported'} ${count(created, 'user')}.`,
    ...(present > 0 ? [`${count(present, 'user')} had been imported before.`] : []),
    ...(refused > 0 ? [`${count(refused, 'line')} did not go in.`] : []),
  ];
  return parts.join(' ');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
