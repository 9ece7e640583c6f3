// Puts Redoc's standalone bundle into dist/redoc, compressed. From its package as it is published, and not as a dependency, which would
// bring 46 others that the bundle already contains (ADR 0056). Without the registry there is a warning, and /redoc answers 404.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const NAME = 'redoc-3.0.1.tgz';
const INTEGRITY = 'sha512-KDfoKaYW19LCl4YStgBnwlaNjYEFfs5zCNt1s1WZ2YM5u8d26Yuzd2l43fZO851ZsgIMe/D640fDJkD8eaRQKQ==';
const ROOT = resolve(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/redoc');

try {
  mkdirSync(join(ROOT, 'dist/redoc'), { recursive: true });
  writeFileSync(join(ROOT, 'dist/redoc/redoc.js.gz'), bundle());
} catch (error) {
  console.warn(
    `There is no Redoc at /redoc: its package could not be had (${String(error.message).split('\n', 1)[0]}).`,
  );
}

function bundle() {
  const kept = join(CACHE, `${NAME}.js.gz`);
  if (!existsSync(kept)) {
    mkdirSync(CACHE, { recursive: true });
    execFileSync('npm', ['pack', NAME.replace(/-([\d.]+)\.tgz$/, '@$1'), '--silent', '--pack-destination', CACHE], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const packed = readFileSync(join(CACHE, NAME));
    const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`;
    if (integrity !== INTEGRITY) throw new Error(`${NAME} is not the file that was expected`);
    const options = { maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'pipe'] };
    const file = execFileSync('tar', ['-xzOf', join(CACHE, NAME), 'package/bundles/redoc.standalone.js'], options);
    writeFileSync(`${kept}.new`, gzipSync(file, { level: 9 }));
    renameSync(`${kept}.new`, kept);
  }
  return readFileSync(kept);
}
