import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { chooseAccount, type RunAs, spawnOptions } from '../../src/development/postgres/account.js';
import { eventually, freePort, kill } from './process.js';
import { childrenOf } from './proc.js';
import { replaceAll } from './nginx.js';
import { findPrograms } from './system-postgres.js';

const EXAMPLES = 'examples/patroni';
const PATH = [process.env['PATH'], '/usr/sbin', '/sbin'].join(delimiter);
const PROGRAMS = ['patroni', 'patronictl', 'etcd', 'pgbouncer', 'haproxy'];
const MISSING =
  'This test needs Patroni, etcd, PgBouncer and HAProxy (Debian: apt-get install patroni etcd-server pgbouncer haproxy); not found: ';
const SUPERUSER_PASSWORD = 'four lame herons on ice';
const ROSTER_PASSWORD = 'five lame herons on ice';
const PATIENCE_MS = 120_000;

export type NodeName = 'node1' | 'node2';
type Change = readonly [from: string, to: string];

interface Node {
  readonly name: NodeName;
  readonly port: number;
  readonly restPort: number;
  readonly data: string;
  readonly config: string;
  patroni?: ChildProcess;
}

/** Two PostgreSQLs under Patroni and etcd, HAProxy and PgBouncer in front of them, all by the files of examples/patroni. */
export class PatroniCluster {
  private readonly nodes = new Map<NodeName, Node>();
  private readonly others = new Map<'etcd' | 'haproxy' | 'pgbouncer', ChildProcess>();
  private ports = { etcd: 0, etcdPeer: 0, haproxy: 0, pgbouncer: 0 };

  private constructor(
    private readonly folder: string,
    private readonly account: RunAs,
  ) {}

  /** @throws Error saying what to install */
  static async start(): Promise<PatroniCluster> {
    const missing = PROGRAMS.filter(
      (program) => !PATH.split(delimiter).some((path) => existsSync(join(path, program))),
    );
    if (missing.length > 0) throw new Error(`${MISSING}${missing.join(', ')}`);
    const folder = mkdtempSync(join(tmpdir(), 'roster-patroni-'));
    const account = await chooseAccount(folder, [folder]);
    const cluster = new PatroniCluster(folder, account);
    cluster.own(folder);
    try {
      await cluster.up();
    } catch (error) {
      const log = cluster.log();
      await cluster.stop();
      throw new Error(`The cluster did not start:\n${log.slice(-6000)}`, { cause: error });
    }
    return cluster;
  }

  /** By PgBouncer, as DATABASE_URL is to be. */
  get pooledUrl(): string {
    return `postgres://roster:${encodeURIComponent(ROSTER_PASSWORD)}@127.0.0.1:${this.ports.pgbouncer}/roster`;
  }

  /** By HAProxy, as DATABASE_DIRECT_URL is to be. */
  get directUrl(): string {
    return `postgres://roster:${encodeURIComponent(ROSTER_PASSWORD)}@127.0.0.1:${this.ports.haproxy}/roster`;
  }

  /** Past everything, as the role of Roster. */
  urlOf(name: NodeName): string {
    return `postgres://roster:${encodeURIComponent(ROSTER_PASSWORD)}@127.0.0.1:${this.node(name).port}/roster`;
  }

  /** By what Patroni says. */
  async primary(): Promise<NodeName | undefined> {
    return this.withStatus('primary');
  }

  /** Waits until one node is primary and the other its synchronous standby: only then may the primary be lost. */
  async whole(): Promise<{ primary: NodeName; standby: NodeName }> {
    let found: { primary: NodeName; standby: NodeName } | undefined;
    await eventually(
      'a primary with its synchronous standby',
      async () => {
        const [primary, standby] = [await this.primary(), await this.withStatus('sync')];
        if (primary && standby) found = { primary, standby };
        return found !== undefined;
      },
      PATIENCE_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.log().slice(-6000)}`);
    });
    return found!;
  }

  /** As the machine would be lost: Patroni, PostgreSQL and all its processes end at once. */
  kill(name: NodeName): void {
    const { patroni, data } = this.node(name);
    const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const children = childrenOf(postmaster);
    patroni?.kill('SIGKILL');
    for (const pid of [postmaster, ...children]) kill(pid, 'SIGKILL');
  }

  /** It comes back, as the standby of what is primary by then. */
  launch(name: NodeName): void {
    const node = this.node(name);
    node.patroni = this.spawn(name, 'patroni', [node.config]);
  }

  /** The other node becomes primary, by `patronictl`. */
  async switchOver(): Promise<void> {
    const { primary, standby } = await this.whole();
    const { config } = this.node(primary);
    const args = ['-c', config, 'switchover', '--leader', primary, '--candidate', standby, '--force', 'roster'];
    await promisify(execFile)('patronictl', args, this.options());
  }

  startEtcd(): void {
    const { etcd, etcdPeer } = this.ports;
    const [client, peer] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${etcdPeer}`];
    const args = ['--name', 'etcd', '--data-dir', join(this.folder, 'etcd'), '--initial-cluster', `etcd=${peer}`];
    const urls = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer];
    this.others.set('etcd', this.spawn('etcd', 'etcd', [...args, ...urls, '--initial-advertise-peer-urls', peer]));
  }

  startPgBouncer(): void {
    this.others.set('pgbouncer', this.spawn('pgbouncer', 'pgbouncer', [join(this.folder, 'pgbouncer.ini')]));
  }

  /** Waits for its end. */
  async end(name: 'etcd' | 'pgbouncer', signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await ended(this.others.get(name), signal);
  }

  /** How many connections the role of Roster has on a node. */
  async connectionsOn(name: NodeName): Promise<number> {
    const url = new URL(this.urlOf(name));
    Object.assign(url, { username: 'postgres', password: SUPERUSER_PASSWORD });
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'roster'",
    );
    await client.end();
    return rows[0]!.count;
  }

  async stop(): Promise<void> {
    await ended(this.others.get('pgbouncer'), 'SIGKILL');
    await ended(this.others.get('haproxy'), 'SIGKILL');
    for (const name of this.nodes.keys()) {
      try {
        this.kill(name);
      } catch {
        // Its PostgreSQL does not run.
      }
      await ended(this.node(name).patroni, 'SIGKILL');
    }
    await ended(this.others.get('etcd'), 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What Patroni and the others have written. */
  log(): string {
    return ['etcd', 'haproxy', 'pgbouncer', ...this.nodes.keys()]
      .map((name) => join(this.folder, `${name}.log`))
      .filter((file) => existsSync(file))
      .map((file) => `${file}\n${readFileSync(file, 'utf8').slice(-3000)}`)
      .join('\n');
  }

  private async up(): Promise<void> {
    this.ports = {
      etcd: await freePort(),
      etcdPeer: await freePort(),
      haproxy: await freePort(),
      pgbouncer: await freePort(),
    };
    this.startEtcd();
    for (const name of ['node1', 'node2'] as const) await this.addNode(name);
    this.startHaproxy();
    this.launch('node1');
    await eventually('a primary', async () => (await this.primary()) !== undefined, PATIENCE_MS);
    await this.createDatabase();
    this.launch('node2');
    await this.whole();
    this.writeOwn('userlist.txt', `"roster" "${ROSTER_PASSWORD}"\n`);
    this.writeExample('pgbouncer.ini', [
      ['port=5000', `port=${this.ports.haproxy}`],
      ['listen_port = 6432', `listen_port = ${this.ports.pgbouncer}`],
      ['/etc/pgbouncer/', `${this.folder}/`],
    ]);
    this.startPgBouncer();
    await eventually('PgBouncer leads to the primary', () => answers(this.pooledUrl), PATIENCE_MS);
    await eventually('HAProxy leads to the primary', () => answers(this.directUrl), PATIENCE_MS);
  }

  private async addNode(name: NodeName): Promise<void> {
    const home = join(this.folder, name);
    mkdirSync(home);
    this.own(home);
    const node = { name, port: await freePort(), restPort: await freePort(), data: join(home, 'data') };
    const config = this.writeExample(
      'patroni.yml',
      [
        ['name: node1', `name: ${name}`],
        ['listen: 0.0.0.0:8008', `listen: 127.0.0.1:${node.restPort}`],
        ['connect_address: 10.0.0.1:8008', `connect_address: 127.0.0.1:${node.restPort}`],
        ['10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379', `127.0.0.1:${this.ports.etcd}`],
        ['listen: 0.0.0.0:5432', `listen: 127.0.0.1:${node.port}`],
        ['connect_address: 10.0.0.1:5432', `connect_address: 127.0.0.1:${node.port}`],
        ['10.0.0.0/24', '127.0.0.1/32'],
        ['/var/lib/postgresql/15/roster', node.data],
        ['/usr/lib/postgresql/15/bin', findPrograms()],
        ['/var/lib/postgresql/.pgpass_patroni', join(home, 'pgpass')],
        ['/var/run/postgresql', home],
        ['password: change-me-too', 'password: six lame herons'],
        ['password: change-me', `password: ${SUPERUSER_PASSWORD}`],
      ],
      `${name}.yml`,
    );
    this.nodes.set(name, { ...node, config });
  }

  private startHaproxy(): void {
    const [one, other] = [this.node('node1'), this.node('node2')];
    const config = this.writeExample('haproxy.cfg', [
      ['bind 127.0.0.1:5000', `bind 127.0.0.1:${this.ports.haproxy}`],
      ['check port 8008', 'check'],
      ['10.0.0.1:5432', `127.0.0.1:${one.port} port ${one.restPort}`],
      ['10.0.0.2:5432', `127.0.0.1:${other.port} port ${other.restPort}`],
    ]);
    this.others.set('haproxy', this.spawn('haproxy', 'haproxy', ['-db', '-f', config]));
  }

  private async createDatabase(): Promise<void> {
    const { port } = this.node('node1');
    const password = encodeURIComponent(SUPERUSER_PASSWORD);
    const client = new pg.Client({ connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` });
    await client.connect();
    await client.query(`CREATE ROLE roster LOGIN PASSWORD '${ROSTER_PASSWORD}'`);
    await client.query('CREATE DATABASE roster OWNER roster');
    await client.end();
  }

  private async withStatus(path: string): Promise<NodeName | undefined> {
    for (const [name, { restPort }] of this.nodes) {
      const answer = await fetch(`http://127.0.0.1:${restPort}/${path}`, { signal: AbortSignal.timeout(5000) }).then(
        ({ status }) => status,
        () => 0,
      );
      if (answer === 200) return name;
    }
    return undefined;
  }

  private node(name: NodeName): Node {
    return this.nodes.get(name)!;
  }

  private spawn(name: string, program: string, args: readonly string[]): ChildProcess {
    const script = `exec "$0" "$@" >>'${join(this.folder, name)}.log' 2>&1`;
    return spawn('/bin/sh', ['-c', script, program, ...args], { ...this.options(), stdio: 'ignore' });
  }

  private options() {
    const options = spawnOptions(this.account);
    return { ...options, env: { ...options.env, PATH, HOME: this.folder, LC_ALL: 'C.UTF-8' } };
  }

  private writeExample(name: string, changes: readonly Change[], as = name): string {
    return this.writeOwn(as, replaceAll(readFileSync(join(EXAMPLES, name), 'utf8'), changes));
  }

  private writeOwn(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (this.account) chownSync(file, this.account.uid, this.account.gid);
    return file;
  }

  private own(folder: string): void {
    chmodSync(folder, 0o700);
    if (this.account) chownSync(folder, this.account.uid, this.account.gid);
  }
}

async function ended(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  return client.connect().then(
    () =>
      client
        .query('SELECT 1')
        .then(() => client.end())
        .then(
          () => true,
          () => false,
        ),
    () => false,
  );
}
