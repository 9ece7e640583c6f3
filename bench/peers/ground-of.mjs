import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Starts a system here, on a PostgreSQL of its own.
 * @param hash `cheap`, the cheapest hash that it takes, or `delivered`
 */
export async function groundOf(name, hash) {
  if (!existsSync(join(import.meta.dirname, `start/${name}.mjs`)))
    throw new Error(`${name} cannot be started here: --target ${name}=<base URL>`);
  const { start } = await import(`./start/${name}.mjs`);
  return start({ hash });
}
