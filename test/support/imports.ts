import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './cli.js';
import type { Roster } from './roster.js';

interface Hashes {
  readonly password: string;
  readonly taken: readonly { readonly madeBy: string; readonly hash: string; readonly password?: string }[];
}

/** Hashes that other tools made; see test/fixtures/foreign-hashes. */
export const HASHES = JSON.parse(
  readFileSync(new URL('../fixtures/foreign-hashes/hashes.json', import.meta.url), 'utf8'),
) as Hashes;
/** The password of most of them. */
export const OLD_PASSWORD = HASHES.password;
export const hashBy = (madeBy: string): string => HASHES.taken.find((one) => one.madeBy === madeBy)?.hash ?? '';

export interface ImportOutcome extends CommandResult {
  readonly report: { line: number; externalId: string | null; code: string; message: string }[];
}

let files = 0;

export function fileIn(folder: string, content: string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

/** Runs `roster import` with a report. @throws Error with what the command says, where it ends before a report */
export async function importInto(
  roster: Roster,
  folder: string,
  from: string,
  content: string | object,
  more: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<ImportOutcome> {
  const file = fileIn(folder, typeof content === 'string' ? content : JSON.stringify(content));
  const report = join(folder, `report-${files++}`);
  const result = await runCommand(['import', '--from', from, '--file', file, '--report', report, ...more], {
    DATABASE_URL: roster.database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ...environment,
  });
  if (result.stdout === '' && !result.stderr.includes('no list')) throw new Error(result.stderr);
  const lines = result.stdout === '' ? [] : readFileSync(report, 'utf8').split('\n').slice(0, -1);
  return { ...result, report: lines.map((line) => JSON.parse(line) as ImportOutcome['report'][number]) };
}

export async function storedHashOf({ database }: Roster, email: string): Promise<string | undefined> {
  const sql = 'SELECT hash FROM password_credentials JOIN users ON users.id = user_id WHERE email = $1';
  return (await database.query<{ hash: string }>(sql, [email]))[0]?.hash;
}
