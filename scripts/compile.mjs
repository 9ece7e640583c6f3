// node scripts/compile.mjs [UID]: fills dist/compiled with what V8 compiles of the bundle, so that the first start of the server, or of a
// command, is as fast as the others. Node keeps it apart for each of its versions and for each user; a UID, which takes root, is that of the
// server's user, for an image in which the server may not write.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, globSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DIST = resolve(import.meta.dirname, '../dist');
const COMPILED = join(DIST, 'compiled');
const [uid] = process.argv.slice(2).map(Number);

mkdirSync(COMPILED, { recursive: true });
if (uid !== undefined) chownSync(COMPILED, uid, uid);
// Both do something only when they are told to.
const load = ['serve', 'commands'].map((name) => `await import('${join(DIST, `bundle/${name}.js`)}');`);
execFileSync(process.execPath, ['--input-type=module', '--eval', load.join('\n')], {
  ...(uid !== undefined && { uid, gid: uid }),
  env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILED },
  stdio: 'inherit',
});
// Node lets nobody but the owner read them; and the server's user may not change what it runs.
for (const file of globSync('*/*', { cwd: COMPILED })) chmodSync(join(COMPILED, file), 0o644);
if (uid !== undefined) {
  for (const path of ['.', ...globSync('**', { cwd: COMPILED })])
    chownSync(join(COMPILED, path), process.getuid(), process.getgid());
}
