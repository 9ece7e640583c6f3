// Builds console/dist, unless it is the build of just these inputs. Beside each file that compresses well lie its brotli and gzip.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const HERE = import.meta.dirname;
const DIST = join(HERE, 'dist');
const DIGEST = join(DIST, 'inputs.sha256');
const INPUTS = ['index.html', 'vite.config.js', 'build.mjs', 'package.json', '../package-lock.json', 'src/**'];

const digest = createHash('sha256');
for (const file of globSync(INPUTS, { cwd: HERE, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'schema.d.ts')
  .map((entry) => join(entry.parentPath, entry.name))
  .sort()) {
  digest
    .update(`${file.slice(HERE.length)}\0`)
    .update(readFileSync(file))
    .update('\0');
}
const inputs = digest.digest('hex');
if (existsSync(DIGEST) && readFileSync(DIGEST, 'utf8') === inputs) process.exit();

const { build } = await import('vite');
await build({ root: HERE, logLevel: 'warn' });
const files = globSync('assets/*.{js,css,svg}', { cwd: DIST }).map((file) => join(DIST, file));
await Promise.all(files.map(compress));
writeFileSync(DIGEST, inputs);

async function compress(file) {
  const content = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(content, { params }),
    promisify(gzip)(content, { level: 9 }),
  ]);
  writeFileSync(`${file}.br`, br);
  writeFileSync(`${file}.gz`, gz);
}
