import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const DIST = join(import.meta.dirname, '..');

/**
 * Loads `src/<name>.ts` with the packages it needs from a few files, if the build made them (scripts/bundle.mjs), otherwise module by module.
 */
export async function fromBundle<T>(name: 'serve' | 'commands'): Promise<T> {
  // V8's code is kept beside the code that it comes from, where it is as safe as that. The build puts it there; a process that may not write
  // there only reads it.
  nodeModule.enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? join(DIST, 'compiled'));
  const bundled = join(DIST, `bundle/${name}.js`);
  const file = existsSync(bundled) ? bundled : join(DIST, `${name}.js`);
  return (await import(pathToFileURL(file).href)) as T;
}
