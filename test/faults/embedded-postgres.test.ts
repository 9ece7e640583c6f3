import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import {
  EmbeddedPostgresError,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/development/postgres/embedded-postgres.js';
import { readProc } from '../support/proc.js';

const isRoot = process.getuid?.() === 0;
const settings = { fsync: 'off' };

/** Another Roster, as far as the database goes, in a process of its own that a test may kill. */
const OTHER_ROSTER = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve: (specifier, context, next) =>
      next(context.parentURL?.endsWith('.ts') && specifier.startsWith('.') ? specifier.replace(/js$/, 'ts') : specifier, context),
  });
  const { startEmbeddedPostgres } = await import(process.argv[1]);
  try {
    console.log((await startEmbeddedPostgres({ dataDir: process.argv[2], settings: { fsync: 'off' } })).url);
    setInterval(() => undefined, 60_000);
  } catch (error) {
    console.log(error.message);
  }
`;

let dataDir: string;
const running = new Set<EmbeddedPostgres>();
const others = new Set<ChildProcess>();
const folders: string[] = [];

beforeAll(async () => {
  dataDir = await makeFolder(0o755);
});

afterEach(async () => {
  await Promise.all([...running].map((postgres) => postgres.stop()));
  running.clear();
  await Promise.all([...others].map(kill));
});

afterAll(async () => {
  for (const folder of folders) {
    const elsewhere = await locationFile(folder);
    if (elsewhere) await rm(elsewhere, { recursive: true });
    await rm(folder, { recursive: true });
  }
});

describe('The embedded PostgreSQL', () => {
  it('is a UTF-8 database of the role roster on the loopback interface alone, and keeps its data over a restart', async () => {
    const first = await start(dataDir);
    expect(first.url).toMatch(/^postgres:\/\/roster:[\w-]{32}@127\.0\.0\.1:\d+\/roster$/);
    await query(first.url, "CREATE TABLE kept AS SELECT 'Grüne' AS word");
    expect(await query(first.url, 'SELECT upper(word) AS word, current_user AS who FROM kept')).toEqual([
      { word: 'GRÜNE', who: 'roster' },
    ]);
    expect(await query(first.url, "SELECT current_setting('listen_addresses') AS at")).toEqual([{ at: '127.0.0.1' }]);
    expect((await stat(join(dataDir, 'postgres', 'cluster', 'password'))).mode & 0o777).toBe(0o600);
    await first.stop();

    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT word FROM kept')).toEqual([{ word: 'Grüne' }]);
  });

  it('leaves no process when stopped, though a session is open, and may be stopped twice', async () => {
    const postgres = await start(dataDir);
    const pid = await postmasterPid();
    const session = new Client({ connectionString: postgres.url });
    session.on('error', () => undefined);
    await session.connect();

    await Promise.all([postgres.stop(), postgres.stop()]);
    await postgres.stop();

    expect(processesNaming(dataDir)).toEqual([]);
    // Killed by now; the kernel takes a moment to clear it away.
    await eventually(() => processesNaming(`roster-postgres-watcher ${pid}`).length === 0);
  });

  it('refuses a folder that another running Roster uses, and says so', async () => {
    const { process: other } = await startOther(dataDir);

    const refusal = startEmbeddedPostgres({ dataDir, settings });
    await expect(refusal).rejects.toThrow(EmbeddedPostgresError);
    await expect(refusal).rejects.toThrow(`DATA_DIR is in use by another running Roster (process ${other.pid})`);
    await expect(refusal).rejects.toThrow('DATABASE_URL');
  });

  it('stops by itself when Roster is killed, and the folder is free again', async () => {
    const { process: other } = await startOther(dataDir);
    await kill(other);
    await eventually(() => processesNaming(dataDir).length === 0);

    const postgres = await start(dataDir);
    expect(await query(postgres.url, 'SELECT word FROM kept')).toEqual([{ word: 'Grüne' }]);
  });

  it('replaces an orphan that outlived its Roster, with a session still open', async () => {
    const { process: other, said } = await startOther(dataDir);
    const orphan = await postmasterPid();
    const [watcher] = processesNaming(`roster-postgres-watcher ${orphan}`);
    process.kill(watcher!, 'SIGKILL');
    await kill(other);
    const session = new Client({ connectionString: said });
    session.on('error', () => undefined);
    await session.connect();

    const postgres = await start(dataDir);
    expect(await postmasterPid()).not.toBe(orphan);
    expect(processesNaming(dataDir)).toEqual([await postmasterPid()]);
    expect(await query(postgres.url, 'SELECT word FROM kept')).toEqual([{ word: 'Grüne' }]);
  });

  it('starts over a postmaster.pid whose number belongs to another process by now, which it leaves alone', async () => {
    const pidFile = join(dataDir, 'postgres', 'cluster', 'data', 'postmaster.pid');
    const first = await start(dataDir);
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    const { uid, gid } = await stat(pidFile);
    await first.stop();
    const bystander = spawn('sleep', ['60'], { uid, gid, cwd: '/' });
    others.add(bystander);
    await writeFile(pidFile, [bystander.pid, ...lines.slice(1)].join('\n'), { mode: 0o600 });
    await chown(pidFile, uid, gid);

    await start(dataDir);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  });

  it('begins anew after a first start that was killed half-way; of two starts at once, one wins', async () => {
    const fresh = await makeFolder(0o755);
    const killed = spawnOther(fresh);
    const made = async () => (await readdir(join(fresh, 'postgres')).catch(() => [])).join();
    await eventually(async () => (await made()).includes('init-'));
    await sleep(150);
    await kill(killed);
    expect(await made()).not.toContain('cluster');

    const [here, there] = await Promise.allSettled([
      startEmbeddedPostgres({ dataDir: fresh, settings }),
      startOther(fresh),
    ]);
    if (here.status === 'fulfilled') running.add(here.value);
    const outcomes = [
      here.status === 'fulfilled' ? here.value.url : (here.reason as Error).message,
      there.status === 'fulfilled' ? there.value.said : String(there.reason),
    ];
    expect(outcomes.sort()).toEqual([
      expect.stringContaining('DATA_DIR is in use by another running Roster'),
      expect.stringContaining('postgres://roster:'),
    ]);
    expect(await made()).not.toContain('init-');
  });

  (isRoot ? it : it.skip)(
    'keeps the data of a root whose folder no other user can enter in a place that PostgreSQL can reach',
    async () => {
      const closed = await makeFolder(0o700);
      const first = await start(closed);
      await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS number');
      await first.stop();

      const elsewhere = await locationFile(closed);
      expect(existsSync(join(elsewhere!, 'cluster', 'data', 'PG_VERSION'))).toBe(true);
      expect((await stat(closed)).mode & 0o777).toBe(0o700);
      const second = await start(closed);
      expect(await query(second.url, 'SELECT number FROM kept')).toEqual([{ number: 1 }]);
    },
  );
});

async function makeFolder(mode: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roster-embedded-'));
  folders.push(folder);
  await chmod(folder, mode);
  return folder;
}

async function start(folder: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir: folder, settings });
  running.add(postgres);
  return postgres;
}

function spawnOther(folder: string): ChildProcess {
  const module = new URL('../../src/development/postgres/embedded-postgres.ts', import.meta.url).href;
  const other = spawn(process.execPath, ['--input-type=module', '--eval', OTHER_ROSTER, '--', module, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  others.add(other);
  return other;
}

/** `said` is its URL, or what it was refused with. */
async function startOther(folder: string): Promise<{ process: ChildProcess; said: string }> {
  const other = spawnOther(folder);
  const [line] = (await once(other.stdout!, 'data')) as [Buffer];
  return { process: other, said: line.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  others.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(): Promise<number> {
  const text = await readFile(join(dataDir, 'postgres', 'cluster', 'data', 'postmaster.pid'), 'utf8');
  return Number(text.split('\n')[0]);
}

/** The ids of the processes of PostgreSQL, or that watch it, with `text` in their command line. */
function processesNaming(text: string): number[] {
  return commandLines()
    .filter(([, command]) => command.includes('postgres') && command.includes(text))
    .map(([pid]) => pid);
}

/** `ps` is not everywhere there is a `/proc`, nor the other way round. */
function commandLines(): [pid: number, command: string][] {
  if (!existsSync('/proc/self/cmdline')) {
    const table = execFileSync('ps', ['-ww', '-A', '-o', 'pid=,args='], { encoding: 'utf8' }).trim().split('\n');
    return table.map((line) => [Number.parseInt(line), line]);
  }
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.map((pid) => [pid, readProc(pid, 'cmdline').replaceAll('\0', ' ')]);
}

async function locationFile(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'postgres', 'location.txt'), 'utf8').catch(() => '');
  return /^data: (.+)$/m.exec(text)?.[1];
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error('did not come about in 10 seconds');
    await sleep(20);
  }
}
