import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const RESULTS = join(import.meta.dirname, '../results');

/** @returns the newest result of a case, with `file`; undefined of a case that was never run */
export function latest(name) {
  const pattern = new RegExp(`^\\d{4}-\\d{2}-\\d{2}-${name}\\.json$`);
  const file =
    existsSync(RESULTS) &&
    readdirSync(RESULTS)
      .filter((one) => pattern.test(one))
      .sort()
      .at(-1);
  return file ? { file, ...JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) } : undefined;
}

/** @returns the newest results of the comparison with each other system: `{ keycloak: { roster, peer, … } }` */
export function latestOfPeers() {
  const names = readdirSync(RESULTS).flatMap((one) => /^\d{4}-\d{2}-\d{2}-(peers-[\w-]+)\.json$/.exec(one)?.[1] ?? []);
  return [...new Set(names)].map((name) => latest(name));
}
