import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { chooseAccount, type RunAs, spawnOptions } from '../../src/development/postgres/account.js';
import type { TestDatabase } from './database.js';
import { freePort } from './process.js';

const FOLDER = join(tmpdir(), 'roster-system-postgres-');
const DEBIAN = '/usr/lib/postgresql';
const MISSING =
  'This test needs the PostgreSQL of the system with its pg_dump (Debian: apt-get install postgresql; elsewhere PG_BIN names ' +
  'the folder that holds initdb, pg_ctl, pg_dump and pg_basebackup).';

/**
 * A PostgreSQL of the system, on a folder of its own, for what the embedded one has no program for: pg_dump. Often it is also
 * an older one. With a standby beside it, where a test asks for one.
 */
export class SystemPostgres {
  private readonly folders: string[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly programs: Programs,
    folder: string,
    private readonly port: number,
  ) {
    this.folders.push(folder);
  }

  /**
   * @param superuser whose database, of the same name, is made as well
   * @param folder where its data are to lie; one of its own when not given
   * @throws Error saying what to install
   */
  static async start(superuser = 'roster', folder = mkdtempSync(FOLDER)): Promise<SystemPostgres> {
    const account = await chooseAccount(join(folder, 'data'), [folder]);
    const programs = new Programs(findPrograms(), account);
    programs.own(folder);
    const data = join(folder, 'data');
    const port = await freePort();
    const initdb = ['-D', data, '-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
    await programs.run('initdb', initdb);
    await programs.launch(folder, data, port);
    const server = `postgres://${superuser}@127.0.0.1:${port}`;
    const admin = new pg.Client({ connectionString: `${server}/postgres` });
    await admin.connect();
    if (superuser !== 'postgres') await admin.query(`CREATE DATABASE ${superuser}`);
    await admin.end();
    const url = `${server}/${superuser}`;
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    pool.on('error', () => undefined);
    const database: TestDatabase = {
      url,
      query: async <Row extends object>(sql: string, values?: unknown[]) => (await pool.query<Row>(sql, values)).rows,
      drop: () => pool.end(),
    };
    return new SystemPostgres(database, programs, folder, port);
  }

  /** A hot standby of it: it follows, can be read, and takes no writes. @returns the URL of the same database there */
  async standby(): Promise<string> {
    const folder = this.programs.makeFolder();
    this.folders.push(folder);
    const port = await freePort();
    const source = new URL(this.database.url);
    source.pathname = '/postgres';
    const data = join(folder, 'data');
    await this.programs.run('pg_basebackup', ['-D', data, '-R', '-X', 'stream', '-c', 'fast', '-d', source.href]);
    await this.programs.launch(folder, data, port);
    const url = new URL(this.database.url);
    url.port = String(port);
    return url.href;
  }

  /** Stops it: in order ("fast"), or as a power cut would ("immediate"). Its data stay. */
  async halt(mode: 'fast' | 'immediate'): Promise<void> {
    await this.programs.run('pg_ctl', ['-D', this.data, '-w', '-m', mode, 'stop']);
  }

  /** Starts it again on its data. */
  async resume(): Promise<void> {
    await this.programs.launch(this.folders[0] ?? '', this.data, this.port);
  }

  /** Whether its postmaster runs. */
  async isUp(): Promise<boolean> {
    return this.programs.run('pg_ctl', ['-D', this.data, 'status']).then(
      () => true,
      () => false,
    );
  }

  private get data(): string {
    return join(this.folders[0] ?? '', 'data');
  }

  /** It is gone, without a word to anybody. */
  async fail(): Promise<void> {
    const [folder = ''] = this.folders.splice(0, 1);
    await this.programs.run('pg_ctl', ['-D', join(folder, 'data'), '-w', '-m', 'immediate', 'stop']);
    rmSync(folder, { recursive: true, force: true });
  }

  /** Where its programs are, such as psql. */
  get bin(): string {
    return this.programs.bin;
  }

  /** What pg_dump writes of the database, with the bytes of binary columns as text behind it. */
  async dump(): Promise<string> {
    const text = await this.programs.run('pg_dump', [this.database.url]);
    return text.replace(/\\\\x([0-9a-f]+)/g, (all, hex: string) => {
      const bytes = Buffer.from(hex, 'hex').toString('latin1');
      return `${all} ${bytes.replace(/[\r\n]/g, ' ')}`;
    });
  }

  /** After whatever uses its database. */
  async stop(): Promise<void> {
    for (const folder of this.folders.toReversed()) {
      await this.programs.run('pg_ctl', ['-D', join(folder, 'data'), '-w', '-m', 'immediate', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

class Programs {
  constructor(
    readonly bin: string,
    private readonly account: RunAs,
  ) {}

  makeFolder(): string {
    return this.own(mkdtempSync(FOLDER));
  }

  own(folder: string): string {
    chmodSync(folder, 0o755);
    if (this.account) chownSync(folder, this.account.uid, this.account.gid);
    return folder;
  }

  /** Starts the server whose data are in the folder. */
  async launch(folder: string, data: string, port: number): Promise<void> {
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
    await this.run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start']);
  }

  async run(program: string, args: readonly string[]): Promise<string> {
    const options = { ...spawnOptions(this.account), cwd: tmpdir(), maxBuffer: 2 ** 28 };
    return (await promisify(execFile)(join(this.bin, program), [...args], options)).stdout;
  }
}

/** The folder with the programs of the system's PostgreSQL. @throws Error saying what to install */
export function findPrograms(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(DEBIAN, version, 'bin'));
  const found = [process.env['PG_BIN'] ?? '', ...folders].find(
    (folder) =>
      folder !== '' &&
      ['initdb', 'pg_ctl', 'pg_dump', 'pg_basebackup'].every((program) => existsSync(join(folder, program))),
  );
  if (found === undefined) throw new Error(MISSING);
  return found;
}
