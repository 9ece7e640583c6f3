import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The environment over the `.env` file of the working directory, if there is one. */
export function readEnvironment(file = '.env'): Record<string, string | undefined> {
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return { ...fromFile, ...process.env };
}
