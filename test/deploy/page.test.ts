import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ComposeUp } from '../support/compose-up.js';
import { loadCompose } from '../support/deploy-tool.js';
import { freePort } from '../support/process.js';
import { Nginx, rewritten } from '../support/nginx.js';

jest.setTimeout(180_000);

const PAGE = readFileSync('docs/deployment.md', 'utf8');

/** The blocks of a kind below a heading of docs/deployment.md. */
function blocks(heading: string, kind: string): string[] {
  const section = new RegExp(`^### ${heading}\n(.*?)^##`, 'ms').exec(PAGE)?.[1] ?? '';
  return [...section.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
}

/**
 * A `docker` that carries out what happens inside containers on this machine, and says the rest: `compose exec` of PostgreSQL's
 * programs and `compose run` of Roster's.
 */
const DOCKER = `#!/bin/bash
set -eu
echo "$*" >>"$HERE/docker.log"
[ "$1" = compose ] || exit 0
case "$2" in
  exec) shift 4; exec "$@" ;;
  run) shift 2 ;;
  ps) echo old-1 old-2; exit ;;
  *) exit 0 ;;
esac
settings=()
while [[ "$1" == --* ]]; do
  if [ "$1" = --volume ]; then cp "\${2%%:*}" "$HERE/secrets/next"; shift; fi
  if [ "$1" = --env ]; then settings+=("\${2//\\/run\\/secrets/$HERE/secrets}"); shift; fi
  shift
done
service=$1
shift
[ $# -gt 0 ] || set -- node dist/cli.js migrate
shift 2
exec env -i "PATH=$PATH" $(cat "$HERE/settings.$service") "\${settings[@]}" "$ROSTER_NODE" "$ROSTER_CLI" "$@"
`;

describe('the commands of docs/deployment.md, pasted into a shell', () => {
  let up: ComposeUp;
  beforeAll(async () => {
    up = await ComposeUp.start();
    await up.makeRoles();
    expect(await up.migrate()).toMatchObject({ code: 0 });
    mkdirSync(join(up.folder, 'bin'));
    writeFileSync(join(up.folder, 'bin/docker'), DOCKER);
    chmodSync(join(up.folder, 'bin/docker'), 0o755);
    for (const service of ['roster', 'migrate']) {
      const words = Object.entries(up.settingsOf(service)).map(
        ([name, value]) => `${name}=${value.replaceAll(' ', '')}`,
      );
      writeFileSync(join(up.folder, `settings.${service}`), words.join('\n'));
    }
  });
  afterAll(() => up.stop());

  async function paste(...scripts: string[]): Promise<string> {
    const path = [join(up.folder, 'bin'), up.postgres.bin, process.env['PATH']].join(delimiter);
    const roster = { ROSTER_NODE: resolve('node_modules/.bin/node'), ROSTER_CLI: resolve('dist/cli.js') };
    const env = { ...up.inPostgres, PATH: path, HOME: up.folder, HERE: up.folder, ...roster };
    const script = scripts.join('\n').replace(/^sleep 15.*$/m, '');
    return (await promisify(execFile)('bash', ['-euc', script], { cwd: up.folder, env })).stdout;
  }
  async function signInAtBoth(): Promise<void> {
    for (const server of await up.startServers()) {
      await server.signIn('admin@localhost', up.secret('admin-password'));
      await server.kill('SIGTERM');
    }
  }
  const said = () => readFileSync(join(up.folder, 'docker.log'), 'utf8');

  it('back up, and restore beside the database that is there', async () => {
    const servers = await up.startServers();
    const [backup = '', restore = ''] = blocks('Backup and restore in containers', 'bash');
    await paste(backup);
    expect(existsSync(join(up.folder, 'roster.dump'))).toBe(true);
    // `docker compose stop`
    for (const server of servers) await server.kill('SIGTERM');
    const output = await paste(restore);
    expect(output).toMatch(/ALTER DATABASE[\s\S]*CREATE DATABASE[\s\S]*up to date/);
    await signInAtBoth();
    expect(said()).toContain('compose stop nginx roster\n');
  });

  it('replace the SECRET_KEY', async () => {
    const before = up.secret('secret-key');
    const [rotate = ''] = blocks('Secrets', 'bash');
    expect(await paste(rotate)).toMatch(/Wrapped \d+ keys/);
    expect(up.secret('secret-key')).not.toBe(before);
    expect(up.secret('last-secret-key')).toBe(before);
    await signInAtBoth();
  });

  it('upgrade, one after the other too, and back', async () => {
    for (const block of blocks('Upgrade in containers', 'bash')) await paste(block);
    expect(said()).toContain('stop -t 30 old-1 old-2\nrm old-1 old-2\n');
    expect(said()).toContain('tag roster:before roster\n');
  });

  it('begin with what there is', () => {
    const [begin = ''] = blocks('From nothing to running', 'bash');
    for (const file of ['.env.example', 'docker/make-secrets.sh']) {
      expect(begin).toContain(file);
      expect(existsSync(file)).toBe(true);
    }
  });

  it('have overrides that Docker Compose takes', async () => {
    for (const [heading, expected] of [
      ['Secrets', { roster: { environment: { GOOGLE_CLIENT_SECRET_FILE: '/run/secrets/google-client-secret' } } }],
      ['TLS', { nginx: { ports: [{ target: 80 }, { published: '443', target: 443 }] } }],
    ] as const) {
      const [override = ''] = blocks(heading, 'yaml');
      writeFileSync(join(up.folder, 'docker-compose.override.yml'), override);
      const files = ['docker-compose.yml', 'docker-compose.override.yml'];
      const { services } = await loadCompose(up.folder, { files });
      expect(services).toMatchObject(expected);
      expect(services['roster']!.secrets!.length).toBeGreaterThanOrEqual(6);
    }
  });
});

describe('TLS by nginx, with the file of the page', () => {
  it('speaks it, sends people there, and leaves the health check alone', async () => {
    const [plain, secure] = [await freePort(), await freePort()];
    const nowhere = await freePort();
    const [server = ''] = blocks('TLS', 'nginx');
    const nginx = await Nginx.startWith(plain, 'nginx/nginx.conf', (config, folder) => {
      mkdirSync(join(folder, 'server.d'));
      writeFileSync(join(folder, 'server.d/server.conf'), certified(server, folder, secure));
      return rewritten(config, folder, plain, [`127.0.0.1:${nowhere}`]);
    });
    try {
      const moved = await nginx.send('/sign-in?x=1', { headers: { host: 'accounts.example.com' } });
      expect(moved).toMatchObject({ status: 308, headers: { location: 'https://accounts.example.com/sign-in?x=1' } });
      // Nobody is behind it here: nginx itself answers.
      expect((await nginx.send('/health/live')).status).toBe(502);
      const asked = request({
        port: secure,
        host: '127.0.0.1',
        path: '/sign-in',
        rejectUnauthorized: false,
        agent: false,
      }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode).toBe(502);
    } finally {
      await nginx.stop();
    }
  });

  function certified(text: string, folder: string, port: number): string {
    const [key, certificate] = [join(folder, 'privkey.pem'), join(folder, 'fullchain.pem')];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    return text
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
      .replace('/etc/nginx/server.d/fullchain.pem', certificate)
      .replace('/etc/nginx/server.d/privkey.pem', key);
  }
});
