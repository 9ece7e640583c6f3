import { readFileSync } from 'node:fs';

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

/** @throws Error that says why the file holds no secret */
function secretIn(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Error(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  if (text === '') throw new Error('the file is empty');
  return text;
}
