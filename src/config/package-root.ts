import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`No package.json above ${import.meta.dirname}`);
  return findRoot(parent);
}

/** The directory of Roster's `package.json`, with `templates/` and the compiled migrations. */
export const PACKAGE_ROOT = findRoot(import.meta.dirname);
