import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../support/load.mjs';
import { NotAsAskedFor } from './asked-for.mjs';

const PATIENCE_MS = 10_000;

/**
 * Starts a system here, on a PostgreSQL of its own.
 * @param hash `cheap`, the cheapest hash that it takes, or `delivered`
 */
export async function groundOf(name, hash) {
  if (!existsSync(join(import.meta.dirname, `start/${name}.mjs`)))
    throw new NotAsAskedFor(`${name} cannot be started here: --target ${name}=<base URL>`);
  const { start } = await import(`./start/${name}.mjs`);
  return start({ hash });
}

/**
 * One that runs already, anywhere.
 * @throws NotAsAskedFor when options are missing, or nothing answers there
 */
export async function groundOfTarget(name, { url, options, pids }) {
  const { needs } = await import(`./adapters/${name}.mjs`);
  const missing = Object.entries(needs).filter(([option]) => !options[option]);
  if (missing.length > 0) {
    const lines = missing.map(([option, what]) => `  --option ${name}.${option}=...  ${what}`);
    throw new NotAsAskedFor(`--target ${name} also needs\n${lines.join('\n')}`);
  }
  const late = sleep(PATIENCE_MS, { code: `not within ${PATIENCE_MS / 1000} s` }, { ref: false });
  // Whatever the answer is: only the adapter knows the paths.
  const seen = await Promise.race([call(url), late]).catch((error) => error);
  if (seen.status === undefined) throw new NotAsAskedFor(`Nothing answers at ${url} (${seen.code ?? seen.message})`);
  return { url, options, pids: pids && (() => pids), stop: () => undefined };
}

/**
 * An adapter that has proved with one person that it speaks with the system that it is for.
 * @throws NotAsAskedFor
 */
export async function opened(name, { url, options }) {
  const { open, name: title } = await import(`./adapters/${name}.mjs`);
  const email = `first-${process.pid}-${Date.now()}@example.com`;
  const person = { email, password: 'seven idle boats on slate water' };
  let created = false;
  for (let tries = 5; ; tries--) {
    try {
      const adapter = await open({ url, options });
      if (!created) await adapter.create(person);
      created = true;
      await adapter.me(await adapter.signIn(person));
      await adapter.list?.(undefined, 1);
      return adapter;
    } catch (error) {
      // What has just been started on a busy machine may refuse the first passwords.
      if (tries === 1 || !/: 503 /.test(error.message))
        throw new NotAsAskedFor(`${url} does not answer as ${title} does: ${error.message}`, { cause: error });
      await sleep(2000);
    }
  }
}
