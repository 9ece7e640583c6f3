import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './browser.js';

/** How nginx/nginx.conf treats a server that refuses. */
const LIMITS = 'max_fails=3 fail_timeout=1s';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** Debian's nginx with the repository's configuration, on a port and in a folder of its own. */
export class Nginx {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  /** @param upstreams servers of Roster, as host:port @throws Error saying what to install */
  static async start(...upstreams: string[]): Promise<Nginx> {
    const port = await freePort();
    return Nginx.startWith(port, 'nginx/nginx.conf', (config, folder) => rewritten(config, folder, port, upstreams));
  }

  /** With another configuration of the repository. @param rewrite gives it the folder, and the port */
  static async startWith(
    port: number,
    source: string,
    rewrite: (config: string, folder: string) => string,
  ): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'roster-nginx-'));
    // Its workers run as another user when the tests run as root.
    chmodSync(folder, 0o755);
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, rewrite(readFileSync(source, 'utf8'), folder));
    const args = ['-p', folder, '-e', 'stderr', '-c', file];
    const env = { ...process.env, PATH: [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter) };
    const check = spawnSync('nginx', [...args, '-t'], { env, encoding: 'utf8' });
    if (check.error) {
      throw new Error('The nginx tests need nginx and found none. Install it (Debian: apt-get install nginx).');
    }
    if (check.status !== 0) throw new Error(`nginx refuses ${source}:\n${check.stderr}`);
    const child = spawn('nginx', [...args, '-g', 'daemon off;'], { env, stdio: 'ignore' });
    const nginx = new Nginx(port, folder, child);
    await nginx.up();
    return nginx;
  }

  /** Access and error log as soon as they contain this: a line is written after the answer. */
  async logWith(wanted: string): Promise<string> {
    for (let tries = 0; ; tries += 1) {
      const log = this.log;
      if (log.includes(wanted)) return log;
      if (tries === 100) throw new Error(`Not in the logs of nginx: ${wanted}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private get log(): string {
    return ['access.log', 'error.log'].map((name) => readFileSync(join(this.folder, name), 'utf8')).join('\n');
  }

  async send(path: string, options: SendOptions = {}): Promise<Answer> {
    return send(this.port, path, options);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async up(): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      const socket = connect(this.port, '127.0.0.1');
      const open = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (open) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`nginx does not listen:\n${this.log}`);
  }
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The address that the client has. */
  readonly localAddress?: string;
}

export async function send(port: number, path: string, { body, ...options }: SendOptions): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST';
  const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false, ...options });
  // Nginx may close when it has seen enough; what it answered counts.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = Buffer.concat((await response.toArray()) as Buffer[]).toString();
  const isJson = /json/.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

/** Ports and folders of this run. `resolve` is younger than Debian's nginx, and an address needs none. */
export function rewritten(config: string, folder: string, port: number, upstreams: string[]): string {
  const changes: readonly (readonly [string, string])[] = [
    ['listen 80 default_server;', `listen 127.0.0.1:${port} default_server;`],
    [
      `server roster:3000 resolve ${LIMITS};`,
      upstreams.map((upstream) => `server ${upstream} ${LIMITS};`).join('\n    '),
    ],
    ['/tmp/', `${folder}/`],
    // Beside each other, they have connections of their own to each server.
    ['worker_processes auto;', `worker_processes ${upstreams.length === 1 ? 1 : 2};`],
    // So that a time-out can be waited for; between servers under load nothing is to time out.
    ['proxy_read_timeout 60s;', `proxy_read_timeout ${upstreams.length === 1 ? 2 : 60}s;`],
    ['access_log /dev/stdout json;', `access_log ${folder}/access.log json;`],
    ['error_log /dev/stderr crit;', `error_log ${folder}/error.log crit;`],
    ['/etc/nginx/server.d', `${folder}/server.d`],
  ];
  return replaceAll(config, changes);
}

/** @throws Error if one of them is not in the configuration */
export function replaceAll(config: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The configuration has no longer "${from}"`);
    return text.replaceAll(from, to);
  }, config);
}
