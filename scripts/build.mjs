// npm run build: dist and console/dist. The console needs nothing of the server, so it is built beside it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const NEST = 'node_modules/@nestjs/cli/bin/nest.js';
const SWC = 'node_modules/@swc/cli/bin/swc.js';

/** Steps of which each needs what the ones before it made. */
const LANES = [
  [
    // Empties dist first.
    [NEST, 'build'],
    [SWC, 'migrations', '--out-dir', 'dist/migrations', '--strip-leading-paths', '--quiet'],
    ['scripts/bundle.mjs'],
    ['scripts/compile.mjs'],
    ['scripts/redoc.mjs'],
  ],
  [['console/build.mjs']],
];

const running = new Set();

async function run([script, ...args]) {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: 'inherit' });
  running.add(child);
  const [code, signal] = await once(child, 'exit');
  running.delete(child);
  if (code !== 0) throw new Error(`${[script, ...args].join(' ')} ended with ${signal ?? code}`);
}

try {
  await Promise.all(
    LANES.map(async (steps) => {
      for (const step of steps) await run(step);
    }),
  );
} catch (error) {
  console.error(error.message);
  for (const child of running) child.kill();
  process.exit(1);
}
