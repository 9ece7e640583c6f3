import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { chooseAccount, spawnOptions } from '../../src/development/postgres/account.js';
import { eventually, freePort } from './process.js';

const POOL_SIZE = 4;

const PATH = [process.env['PATH'], '/usr/sbin'].join(delimiter);

/** Debian's PgBouncer in transaction mode before a PostgreSQL, on a port and in a folder of its own. */
export class PgBouncer {
  private constructor(
    /** The database, by way of the pooler. */
    readonly url: string,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  /**
   * @param poolSize how many connections to PostgreSQL the clients of one database share
   * @throws Error saying what to install
   */
  static async before(target: string, poolSize = POOL_SIZE): Promise<PgBouncer> {
    const server = new URL(target);
    const url = Object.assign(new URL(target), { port: String(await freePort()) });
    const folder = mkdtempSync(join(tmpdir(), 'roster-pgbouncer-'));
    const account = await chooseAccount(folder, [folder]);
    const [settings, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
    writeFileSync(users, `"${server.username}" "${decodeURIComponent(server.password)}"\n`);
    writeFileSync(
      settings,
      `[databases]
       * = host=${server.hostname} port=${server.port}
       [pgbouncer]
       listen_addr = 127.0.0.1
       listen_port = ${url.port}
       unix_socket_dir =
       auth_type = trust
       auth_file = ${users}
       pool_mode = transaction
       default_pool_size = ${poolSize}
       max_client_conn = 200
       server_login_retry = 1
       logfile = ${join(folder, 'log')}`.replace(/^ +/gm, ''),
    );
    chmodSync(folder, 0o755);
    for (const path of [folder, settings, users]) if (account) chownSync(path, account.uid, account.gid);
    // It refuses to be root.
    const options = { ...spawnOptions(account), env: { PATH } };
    if (spawnSync('pgbouncer', ['--version'], options).error) {
      throw new Error('This test needs PgBouncer and found none. Install it (Debian: apt-get install pgbouncer).');
    }
    const bouncer = new PgBouncer(url.href, folder, spawn('pgbouncer', [settings], { ...options, stdio: 'ignore' }));
    await eventually('PgBouncer listens', () => bouncer.answers());
    return bouncer;
  }

  /** What `sql` gives on every connection that the pooler has to PostgreSQL. */
  async onEach<Row extends object>(sql: string): Promise<Row[]> {
    const clients = Array.from({ length: POOL_SIZE }, () => new pg.Client({ connectionString: this.url }));
    await Promise.all(clients.map((client) => client.connect()));
    try {
      // In a transaction at the same time, so that each has one of its own.
      await Promise.all(clients.map((client) => client.query('BEGIN')));
      return (await Promise.all(clients.map((client) => client.query<Row>(sql)))).flatMap(({ rows }) => rows);
    } finally {
      await Promise.all(clients.map((client) => client.query('ROLLBACK').finally(() => client.end())));
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    if (this.child.exitCode !== null) {
      throw new Error(`PgBouncer has ended:\n${readFileSync(join(this.folder, 'log'), 'utf8')}`);
    }
    const client = new pg.Client({ connectionString: this.url });
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  }
}
