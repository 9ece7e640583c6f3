import { registerHooks } from 'node:module';
import { fileURLToPath, URL } from 'node:url';

const ROOT = new URL('../../../', import.meta.url).href;
const TESTS = `${ROOT}test/`;
/** Of tests, and yet loaded once a worker: what takes long to make, and keeps nothing of the file that made it. */
const PER_WORKER = `${TESTS}support/per-worker/`;
const PACKAGES = `${ROOT}node_modules/`;
const GLOBALS = 'jest-globals:';
/** Where the stand-in for @jest/globals finds those of the file that runs. */
const GLOBALS_NOW = Symbol.for('roster.jest-globals');

/** The test file that runs: one at a time in a worker. */
let current;
let files = 0;

/**
 * Loads TypeScript of this repository for the test file that comes next.
 * @param file.allAnew whether src is loaded again for it too
 * @param file.compile from TypeScript, by path and URL
 * @param file.jestGlobals what `@jest/globals` exports
 */
export function forTestFile(file) {
  const suffix = `?file=${++files}`;
  const isOwn = (url) => file.allAnew || (url.startsWith(TESTS) && !url.startsWith(PER_WORKER));
  const own = (url) => (url.endsWith('.ts') && isOwn(url) ? `${url}${suffix}` : url);
  current = { ...file, suffix, own };
  globalThis[GLOBALS_NOW] = file.jestGlobals;
  return current;
}

const withoutSuffix = (url) => url.split('?', 1)[0];
const isOurTypeScript = (url) => url.startsWith(ROOT) && !url.startsWith(PACKAGES) && url.endsWith('.ts');

registerHooks({
  resolve(specifier, context, next) {
    const parent = withoutSuffix(context.parentURL ?? '');
    if (!isOurTypeScript(parent)) return next(specifier, context);
    if (specifier === '@jest/globals') return { url: `${GLOBALS}${current.suffix}`, shortCircuit: true };
    const found = resolved(specifier, context, next);
    return { ...found, url: current.own(found.url) };
  },
  load(url, context, next) {
    if (url.startsWith(GLOBALS)) return { format: 'module', source: globalsSource(), shortCircuit: true };
    const file = withoutSuffix(url);
    if (!isOurTypeScript(file)) return next(url, context);
    return { format: 'module', source: current.compile(fileURLToPath(file), url), shortCircuit: true };
  },
});

/** TypeScript names the modules that its files become. */
function resolved(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier)) {
    try {
      return next(specifier.replace(/\.js$/, '.ts'), context);
    } catch (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  return next(specifier, context);
}

function globalsSource() {
  const names = Object.keys(globalThis[GLOBALS_NOW]()).join(', ');
  return `export const { ${names} } = globalThis[Symbol.for('${GLOBALS_NOW.description}')]();`;
}
