import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../../src/config/settings.js';
import { type ComposeProject, loadCompose } from '../support/deploy-tool.js';

const PROFILES = ['tools', 'monitoring', 'redis', 'kafka', 'rabbitmq'];
const ALWAYS = ['mailpit', 'migrate', 'nginx', 'postgres', 'roster'];
/** What a profile starts besides. */
const BESIDE: Record<string, string[]> = {
  tools: ['pgadmin'],
  monitoring: ['grafana', 'prometheus'],
  redis: ['redis'],
  kafka: ['kafka'],
  rabbitmq: ['rabbitmq'],
  brokers: ['kafka', 'rabbitmq'],
  tests: ['tests'],
};

let folder: string;
let all: ComposeProject;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-compose-'));
  mkdirSync(join(folder, 'docker'));
  copyFileSync('docker-compose.yml', join(folder, 'docker-compose.yml'));
  copyFileSync('docker/make-secrets.sh', join(folder, 'docker/make-secrets.sh'));
  // The first one compiles the parser, for minutes on a busy machine.
  all = await loadCompose(folder, { profiles: PROFILES });
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

const makeSecrets = (to = 'secrets') => promisify(execFile)('sh', [join(folder, 'docker/make-secrets.sh'), to]);
const secret = (name: string, of = 'secrets') => readFileSync(join(folder, of, name), 'utf8').trim();
const namesIn = async (profiles: string[]) => Object.keys((await loadCompose(folder, { profiles })).services).sort();

describe('docker-compose.yml', () => {
  it('is taken by Docker Compose’s own parser, which sees what is wrong', async () => {
    const wrong = readFileSync('docker-compose.yml', 'utf8').replace('read_only: true', 'readonly: true');
    writeFileSync(join(folder, 'wrong.yml'), wrong);
    await expect(loadCompose(folder, { files: ['wrong.yml'] })).rejects.toThrow(/readonly/);
  });

  it('starts the server with what it needs, and by profiles what somebody wants besides', async () => {
    expect(await namesIn([])).toEqual(ALWAYS);
    for (const [profile, names] of Object.entries(BESIDE)) {
      expect([profile, await namesIn([profile])]).toEqual([profile, [...ALWAYS, ...names].sort()]);
    }
  });

  it('starts two servers, or as many as ROSTER_REPLICAS says, once the schema is there', async () => {
    const { roster, nginx, migrate } = all.services;
    expect(roster!.deploy?.replicas).toBe(2);
    const more = await loadCompose(folder, { environment: { ROSTER_REPLICAS: '4' } });
    expect(more.services['roster']!.deploy?.replicas).toBe(4);
    expect(roster!.depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } });
    expect(migrate!.depends_on).toMatchObject({ postgres: { condition: 'service_healthy' } });
    expect(nginx!.depends_on).toMatchObject({ roster: { condition: 'service_healthy' } });
    // A fixed port or name would be taken by the first of them.
    expect(roster).not.toHaveProperty('ports');
    expect(roster).not.toHaveProperty('container_name');
  });

  it('lets nginx find all of them, with a version that can ask again', () => {
    expect(readFileSync('nginx/nginx.conf', 'utf8')).toMatch(/^ {4}server roster:3000 resolve /m);
    const [, major, minor] = /^nginx:(\d+)\.(\d+)/.exec(all.services['nginx']!.image!)!;
    // `resolve` in an upstream: 1.27.3.
    expect([Number(major), Number(minor)] > [1, 27]).toBe(true);
  });

  it('gives every secret as a file, to those alone who need it', async () => {
    writeFileSync(join(folder, '.env'), 'AMQP_URL_FILE=/run/secrets/amqp-url\n');
    const { services } = await loadCompose(folder, { profiles: PROFILES });
    rmSync(join(folder, '.env'));
    for (const [name, { environment = {}, secrets = [] }] of Object.entries(services)) {
      const given = secrets.map(({ source, target }) => target ?? `/run/secrets/${source}`);
      const needed = Object.entries(environment).flatMap(([key, value]) => (/_FILE$/.test(key) ? [value] : []));
      expect([name, given]).toEqual([name, expect.arrayContaining(needed)]);
      for (const key of [...SECRETS, 'POSTGRES_PASSWORD', 'PGADMIN_DEFAULT_PASSWORD']) {
        expect([name, Object.keys(environment)]).not.toEqual([name, expect.arrayContaining([key])]);
      }
    }
    const holders = (source: string) =>
      Object.entries(all.services).flatMap(([name, { secrets }]) =>
        secrets?.some((one) => one.source === source) ? [name] : [],
      );
    expect(holders('migration-database-url')).toEqual(['migrate']);
    expect(holders('postgres-password')).toEqual(['postgres']);
    expect(holders('secret-key').sort()).toEqual(['migrate', 'roster']);
    expect(holders('metrics-token').sort()).toEqual(['prometheus', 'roster']);
  });

  it('mounts only what is in the repository', () => {
    for (const { volumes = [] } of Object.values(all.services)) {
      for (const { type, source } of volumes) {
        if (type === 'bind') expect([source, existsSync(source.replace(folder, '.'))]).toEqual([source, true]);
      }
    }
  });

  it('takes rights away, and opens no port to other machines but that of nginx', () => {
    for (const [name, service] of Object.entries(all.services)) {
      expect([name, service.cap_drop]).toEqual([name, ['ALL']]);
      if (name !== 'pgadmin') expect([name, service.security_opt]).toEqual([name, ['no-new-privileges:true']]);
      const open = (service.ports ?? []).filter(({ host_ip }) => host_ip !== '127.0.0.1');
      expect([name, open.length]).toEqual([name, name === 'nginx' ? 1 : 0]);
    }
    for (const name of ['roster', 'migrate', 'nginx', 'postgres', 'prometheus', 'grafana', 'redis']) {
      expect([name, all.services[name]!.read_only]).toEqual([name, true]);
    }
    expect(all.networks['data']).toMatchObject({ internal: true });
    for (const name of ['postgres', 'redis']) expect(Object.keys(all.services[name]!.networks!)).toEqual(['data']);
  });

  it('takes other settings from .env', async () => {
    writeFileSync(join(folder, '.env'), 'PRODUCT_NAME=Acme\nHTTP_PORT=8080\nREDIS_URL=redis://redis:6379\n');
    const { roster, nginx } = (await loadCompose(folder)).services;
    rmSync(join(folder, '.env'));
    const settings = { PRODUCT_NAME: 'Acme', PUBLIC_URL: 'http://localhost:8080', REDIS_URL: 'redis://redis:6379' };
    expect(roster!.environment).toMatchObject(settings);
    expect(nginx!.ports).toMatchObject([{ published: '8080', target: 80 }]);
    expect(all.services['roster']!.environment).toMatchObject({ PUBLIC_URL: 'http://localhost' });
  });
});

describe('docker/make-secrets.sh', () => {
  it('makes every file that docker-compose.yml names, closed to others by their folder, and changes none later', async () => {
    await makeSecrets();
    const files = Object.values(all.secrets).map(({ file }) => basename(file));
    expect(readdirSync(join(folder, 'secrets')).sort()).toEqual(files.sort());
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    // Read in containers under ids of their own.
    for (const file of files) expect(statSync(join(folder, 'secrets', file)).mode & 0o444).toBe(0o444);
    const before = files.map((file) => secret(file));
    expect(new Set(before).size).toBe(before.length);
    rmSync(join(folder, 'secrets/grafana-password'));
    expect((await makeSecrets()).stdout).toBe('made secrets/grafana-password\n');
    const kept = files.filter((file) => file !== 'grafana-password');
    expect(kept.map((file) => secret(file))).toEqual(before.filter((_, index) => kept.includes(files[index]!)));
  });

  it('writes the passwords of the roles into the URLs', () => {
    expect(secret('database-url')).toBe(`postgres://roster:${secret('postgres-server-password')}@postgres:5432/roster`);
    const owner = `postgres://roster_owner:${secret('postgres-owner-password')}@postgres:5432/roster`;
    expect(secret('migration-database-url')).toBe(owner);
    expect(secret('rabbitmq.conf')).toContain(`default_pass = ${new URL(secret('amqp-url')).password}`);
  });

  it('takes over what an older installation has in .env, and says which lines to remove', async () => {
    const lines = ['SECRET_KEY="k3y/with=$igns and spaces"', "SMTP_URL='smtps://u:p@smtp.example.com'"];
    writeFileSync(join(folder, '.env'), [...lines, 'POSTGRES_SERVER_PASSWORD=abc', '#ADMIN_PASSWORD=x', ''].join('\n'));
    const { stdout } = await makeSecrets('older');
    rmSync(join(folder, '.env'));
    expect(stdout).toMatch(/Remove these lines from \.env.*: SECRET_KEY SMTP_URL POSTGRES_SERVER_PASSWORD$/m);
    expect(secret('secret-key', 'older')).toBe('k3y/with=$igns and spaces');
    expect(secret('smtp-url', 'older')).toBe('smtps://u:p@smtp.example.com');
    expect(secret('database-url', 'older')).toBe('postgres://roster:abc@postgres:5432/roster');
    expect(secret('admin-password', 'older')).toMatch(/^[0-9a-f]{24}$/);
  });
  it('takes from .env what Compose took, also with comments and the line ends of Windows', async () => {
    const lines = [
      'SECRET_KEY="k3y # "  # do not lose',
      "SMTP_URL='smtps://u:p@smtp.example.com' # old",
      '  ADMIN_PASSWORD = pass#word # quoted: "no"',
      'POSTGRES_SERVER_PASSWORD=abc',
    ];
    writeFileSync(join(folder, '.env'), lines.join('\r\n'));
    await makeSecrets('windows');
    rmSync(join(folder, '.env'));
    const made = (name: string) => readFileSync(join(folder, 'windows', name), 'utf8');
    expect(made('secret-key')).toBe('k3y # \n');
    expect(made('smtp-url')).toBe('smtps://u:p@smtp.example.com\n');
    expect(made('admin-password')).toBe('pass#word\n');
    expect(made('database-url')).toBe('postgres://roster:abc@postgres:5432/roster\n');
  });
});
