// Puts the server, the operators' commands and all packages that they use into a few files, dist/bundle: to find, read and link them one by
// one takes more than half of a start (ADR 0068). What is loaded by a dynamic import stands in files of its own. The modules in dist remain: for
// embedding applications, tests, and a server in development without this step.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = resolve(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/bundle');
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Stay where npm has put them: what is compiled for the machine, what reads files of its own, and what our code loads in development only. */
const SEPARATE = ['bcrypt', 'typescript', '@platformatic/kafka', 'ioredis'];
const isSeparate = (name, importer) => {
  const [found] = /^(@[^/]+\/)?[^/]+/.exec(name) ?? [];
  return SEPARATE.includes(found) || (found in devDependencies && importer?.startsWith(join(ROOT, 'dist/')) === true);
};

/** Modules that look for files beside themselves, in code that Roster never runs. */
const UNUSED = [
  // Configuration files of cosmiconfig.
  'import-fresh/index.js',
  // Threads of transports.
  'pino/lib/transport.js',
  'thread-stream/index.js',
  // Subcommands in files of their own.
  'commander/lib/command.js',
];

const FINDS_ITSELF = /\b__(dirname|filename)\b|\bimport\.meta\.(url|dirname|filename|resolve)\b/;

/** In the bundle a package would look for its files beside the bundle, and would miss them only when it needs them. */
const filesBesideModules = {
  name: 'files-beside-modules',
  transform: {
    filter: { id: /\/node_modules\//, code: FINDS_ITSELF },
    handler(code, id) {
      // Other packages are found from the bundle as well.
      const rest = code.replaceAll('createRequire(import.meta.url)', '');
      if (!FINDS_ITSELF.test(rest) || UNUSED.some((path) => id.endsWith(`/node_modules/${path}`))) return;
      throw new Error(`${id} looks for files beside itself: add its package to SEPARATE in scripts/bundle.mjs`);
    },
  },
};

/** Packages that are named in the code of others but not installed, which try them and go on without. */
const notInstalled = {
  name: 'not-installed',
  resolveId: {
    order: 'post',
    async handler(name, importer, options) {
      if (importer === undefined || isBuiltin(name) || /^[./\0]/.test(name)) return null;
      const found = await this.resolve(name, importer, { ...options, skipSelf: true });
      return found ?? { id: name, external: true };
    },
  },
};

/** `require` of an ES module, which would load a second copy beside the one in the bundle. */
const requireInModules = {
  name: 'require-in-modules',
  transform: {
    filter: { id: /@nestjs\/mapped-types\/dist\/type-helpers\.utils\.js$/ },
    handler(code) {
      const line = 'const require = createRequire(import.meta.url);\n';
      if (!code.includes(line))
        throw new Error('@nestjs/mapped-types requires its packages in another way: see scripts/bundle.mjs');
      return { code: code.replace(line, ''), map: null };
    },
  },
};

/** TypeORM knows eighteen databases; Roster uses one. */
const postgresOnly = {
  name: 'postgres-only',
  transform: {
    filter: { id: /\/typeorm\/driver\/DriverFactory\.js$/ },
    handler(code) {
      const others = /^const \w+ = require\("\.\/(?!postgres\/)[\w-]+\/\w+"\);$/gm;
      if ((code.match(others) ?? []).length < 10)
        throw new Error('TypeORM requires its drivers in another way: see scripts/bundle.mjs');
      return { code: code.replace(others, ''), map: null };
    },
  },
};

/**
 * An ES module that imports node:http reads all that it exports, among it WebSocket, for which Node.js loads a client of the web
 * (undici), 1 MB and a twentieth of the start that a server may never need. So it is required, as packages in CommonJS do.
 */
const requireHttp = {
  name: 'require-http',
  resolveId: { filter: { id: /^(node:)?http$/ }, handler: () => '\0required-http' },
  load: {
    filter: { id: /^\0required-http$/ },
    handler: () => ({ code: "module.exports = process.getBuiltinModule('node:http');", moduleType: 'js' }),
  },
};

/** So that positions in the bundle lead to the TypeScript. */
const ownSourceMaps = {
  name: 'own-source-maps',
  load: {
    filter: { id: /\/dist\/.*\.js$/ },
    handler(id) {
      if (!id.startsWith(join(ROOT, 'dist/'))) return null;
      return { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') };
    },
  },
};

const bundle = await rolldown({
  // What both need is in files of its own.
  input: { serve: join(ROOT, 'dist/serve.js'), commands: join(ROOT, 'dist/commands.js') },
  platform: 'node',
  external: isSeparate,
  plugins: [requireHttp, notInstalled, requireInModules, postgresOnly, filesBesideModules, ownSourceMaps],
  onLog: (level, log, handle) => {
    // A library builds its deprecation wrappers by it.
    if (log.code !== 'EVAL') handle(level, log);
  },
});
await bundle.write({
  dir: OUT,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Nest, TypeORM and the API document go by the names of classes.
  keepNames: true,
  comments: false,
  sourcemap: true,
});

// Node.js keeps a source in two bytes a character if one of them is not in ASCII. Done with the finished files: the bundler prints a chunk
// once more after its plugins, without escapes.
for (const path of globSync('*.js', { cwd: OUT }).map((name) => join(OUT, name))) {
  const code = readFileSync(path, 'utf8');
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(path, code.replace(/[\u0080-\uffff]/g, escaped));
}
