import { closeSync, openSync, readSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads secrets from files, as Docker and Kubernetes provide them: if `<NAME>_FILE` names a file, its trimmed contents become
 * `<NAME>`.
 * @param names of the secrets
 * @returns the environment with the secrets of the files, and a problem for every file that cannot be used
 */
export function withSecretFiles(
  environment: Environment,
  names: readonly string[],
): { readonly environment: Record<string, string | undefined>; readonly problems: readonly string[] } {
  const read: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of names) {
    const path = environment[`${name}_FILE`]?.trim();
    if (!path) continue;
    try {
      if (environment[name]?.trim()) throw new Error(`set either it or ${name}, not both`);
      read[name] = secretIn(path);
    } catch (error) {
      problems.push(`${name}_FILE: ${(error as Error).message}`);
    }
  }
  return { environment: { ...environment, ...read }, problems };
}

/** In bytes; every secret is far shorter, and a device, which has no end, is not read on. */
const LARGEST_FILE = 65_536;

/** @throws Error that says why the file holds no secret */
function secretIn(path: string): string {
  let bytes: Buffer;
  try {
    bytes = beginningOf(path, LARGEST_FILE + 1);
  } catch (error) {
    throw new Error(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  if (bytes.length > LARGEST_FILE) throw new Error(`the file is larger than ${LARGEST_FILE} bytes`);
  const text = textOf(bytes)?.trim();
  if (text === undefined)
    throw new Error('the file is not text in UTF-8; for random bytes, write them in Base64 or hexadecimal digits');
  if (text === '') throw new Error('the file is empty');
  return text;
}

/** @param most bytes that are read */
function beginningOf(path: string, most: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(most);
    let length = 0;
    for (let read = -1; read !== 0 && length < most; length += read)
      read = readSync(file, bytes, length, most - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/**
 * A byte that is no UTF-8 would become the same character as every other such byte, so that files with different secrets could give the
 * same one, and random bytes much less of one.
 */
function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // UTF-16 without a byte order mark.
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
