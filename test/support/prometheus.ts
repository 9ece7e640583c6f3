import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './browser.js';
import { makeProgramHome, Program } from './program.js';

const HINT =
  'Debian has it in the package prometheus, which also starts a server; .ci/run takes the programs alone out of it.';

/** @returns what it wrote @throws Error with what it wrote when it is not content, or saying how to get it */
export async function promtool(...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.env['PROMTOOL_PATH'] ?? 'promtool', args);
    return stdout + stderr;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code !== 'ENOENT') throw new Error(`${stdout}${stderr}`, { cause: error });
    const what = 'This test needs promtool of Prometheus, on the PATH or in PROMTOOL_PATH.';
    throw new Error(`${what} ${HINT}`, { cause: error });
  }
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** Debian's Prometheus on a configuration, a port and data of its own. */
export class Prometheus {
  private constructor(
    private readonly port: number,
    private readonly program: Program,
  ) {}

  /** @param files by name, `prometheus.yml` among them */
  static async start(files: Readonly<Record<string, string>>): Promise<Prometheus> {
    const home = makeProgramHome('prometheus');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
    const port = await freePort();
    const args = [`--config.file=${home}/prometheus.yml`, `--storage.tsdb.path=${home}/data`];
    const listen = `--web.listen-address=127.0.0.1:${port}`;
    const program = Program.start(
      'Prometheus',
      process.env['PROMETHEUS_PATH'] ?? 'prometheus',
      [...args, listen],
      home,
    );
    const prometheus = new Prometheus(port, program);
    try {
      await program.untilAnswers(`${prometheus.url}/-/ready`, 60_000);
    } catch (error) {
      await prometheus.stop();
      throw new Error(`This test needs Prometheus, on the PATH or in PROMETHEUS_PATH. ${HINT}`, { cause: error });
    }
    return prometheus;
  }

  private get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @throws Error with what is wrong with the query */
  async query(query: string): Promise<Series[]> {
    const { result } = (await this.get('query', { query })) as { result: Series[] };
    return result;
  }

  /** Servers that it scrapes, and what the last attempt said. */
  async targets(): Promise<{ health: string; lastError: string }[]> {
    const { activeTargets } = (await this.get('targets')) as { activeTargets: { health: string; lastError: string }[] };
    return activeTargets;
  }

  /** The names of the rules that it evaluates, each with what is wrong with it. */
  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    const { groups } = (await this.get('rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    };
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  private async get(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const body = (await answer.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${parameters['query'] ?? path}: ${body.error}`);
    return body.data;
  }
}
