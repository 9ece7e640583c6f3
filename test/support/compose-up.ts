import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type CommandResult, runCommand } from './cli.js';
import { type ComposeService, loadCompose } from './deploy-tool.js';
import { type Home, makeHome, RosterProcess } from './process.js';
import { SystemPostgres } from './system-postgres.js';

const URLS = ['database-url', 'migration-database-url'];

/**
 * What `docker compose up` starts, by the commands, settings and secrets of docker-compose.yml, without an engine: PostgreSQL of the
 * system, and Roster's processes.
 */
export class ComposeUp {
  private constructor(
    /** Has the file, docker/ and secrets/. */
    readonly folder: string,
    readonly postgres: SystemPostgres,
    private readonly services: Readonly<Record<string, ComposeService>>,
    private readonly home: Home,
  ) {}

  /** @param superuser whom the volume of PostgreSQL was made with */
  static async start(superuser = 'postgres'): Promise<ComposeUp> {
    const folder = mkdtempSync(join(tmpdir(), 'roster-up-'));
    mkdirSync(join(folder, 'docker'));
    for (const file of ['docker-compose.yml', 'docker/make-secrets.sh']) copyFileSync(file, join(folder, file));
    const postgres = await SystemPostgres.start(superuser);
    const [setting] = await postgres.database.query<{ file: string }>("SELECT current_setting('hba_file') AS file");
    // As in the image: a password is needed from elsewhere. These tests are the superuser.
    const lines = [`host all ${superuser} 127.0.0.1/32 trust`, 'host all all all scram-sha-256', ''];
    writeFileSync(setting!.file, lines.join('\n'));
    await postgres.database.query('SELECT pg_reload_conf()');
    await promisify(execFile)('sh', [join(folder, 'docker/make-secrets.sh')]);
    writeFileSync(join(folder, '.env'), 'BCRYPT_COST=10\nFRONT_SUBNET=127.0.0.0/8\n');
    const { services } = await loadCompose(folder);
    const up = new ComposeUp(folder, postgres, services, makeHome());
    up.write('smtp-url', 'smtp://127.0.0.1:1');
    for (const name of URLS) up.write(name, up.secret(name));
    return up;
  }

  secret(name: string): string {
    return readFileSync(join(this.folder, 'secrets', name), 'utf8').trim();
  }

  /** As an operator does, with names of containers being those of this machine. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, 'secrets', name), `${this.here(text)}\n`);
  }

  commandOf(name: string): readonly string[] | null {
    return this.services[name]!.command;
  }

  /** The environment that a service gets. */
  settingsOf(name: string): Record<string, string> {
    const given = Object.entries(this.services[name]!.environment ?? {});
    return Object.fromEntries(given.flatMap(([key, value]) => (value === null ? [] : [[key, this.here(value)]])));
  }

  /** What leads programs of PostgreSQL to the server, as inside its container. */
  get inPostgres(): Record<string, string> {
    const { hostname, port } = new URL(this.postgres.database.url);
    return { PATH: [this.postgres.bin, process.env['PATH']].join(delimiter), PGHOST: hostname, PGPORT: port };
  }

  /** What the image of PostgreSQL runs on a new volume. */
  async makeRoles(settings: Record<string, string> = {}): Promise<void> {
    const env = { ...this.inPostgres, ...this.settingsOf('postgres'), ...settings };
    await promisify(execFile)('sh', ['docker/postgres-roles.sh'], { env });
  }

  /** @param settings in place of those of the file */
  migrate(settings: Record<string, string> = {}): Promise<CommandResult> {
    const [, , ...command] = this.commandOf('migrate')!;
    return runCommand(command, { ...this.settingsOf('migrate'), ...settings });
  }

  launchServer(changed: Record<string, string> = {}): Promise<RosterProcess> {
    const { PORT: _, ...settings } = this.settingsOf('roster');
    return RosterProcess.launch(this.home, { ...settings, ...changed });
  }

  /** Both at once, as they start when the schema is there. */
  async startServers(changed: Record<string, string> = {}): Promise<RosterProcess[]> {
    const launched = await Promise.all([this.launchServer(changed), this.launchServer(changed)]);
    return Promise.all(launched.map((server) => server.running()));
  }

  /** @param urlFile the secret that says who asks */
  async query(urlFile: string, sql: string): Promise<object[]> {
    const client = new pg.Client({ connectionString: this.secret(urlFile) });
    await client.connect();
    return client
      .query<object>(sql)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  }

  async stop(): Promise<void> {
    await RosterProcess.killAll();
    await this.postgres.database.drop();
    await this.postgres.stop();
    this.home.remove();
    rmSync(this.folder, { recursive: true });
  }

  private here(text: string): string {
    const { host } = new URL(this.postgres.database.url);
    return text.replaceAll('postgres:5432', host).replaceAll('/run/secrets', join(this.folder, 'secrets'));
  }
}
