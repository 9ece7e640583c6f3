import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildContext, type DockerStage, type DockerStep, parseDockerfile } from './deploy-tool.js';

const NODE = resolve('node_modules/node/bin/node');

/** What an image runs, as its Dockerfile says. */
export interface Image {
  /** The folder in which it runs. */
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/**
 * Carries the Dockerfile out step by step without an engine: the stages that the last one needs, each in a folder of its own, from the
 * files that .dockerignore lets in, with the Node of the image's version.
 */
export class ImageBuild {
  private readonly home = mkdtempSync(join(tmpdir(), 'roster-image-'));
  private readonly building = new Map<string, Promise<Image>>();

  private constructor(
    private readonly stages: readonly DockerStage[],
    private readonly context: ReadonlySet<string>,
  ) {
    // The server runs as somebody else.
    chmodSync(this.home, 0o755);
    mkdirSync(join(this.home, 'bin'));
    copyFileSync(NODE, join(this.home, 'bin/node'));
  }

  static async make(): Promise<{ readonly build: ImageBuild; readonly image: Image }> {
    const stages = await parseDockerfile();
    const build = new ImageBuild(stages, new Set(await buildContext()));
    try {
      return { build, image: await build.stage(stages.at(-1)!) };
    } catch (error) {
      build.remove();
      throw error;
    }
  }

  /** With the Node of the image before every other. */
  get path(): string {
    return [join(this.home, 'bin'), process.env['PATH']].join(delimiter);
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private stage(stage: DockerStage): Promise<Image> {
    const begun = this.building.get(stage.name) ?? this.carryOut(stage);
    this.building.set(stage.name, begun);
    return begun;
  }

  private async carryOut({ name, steps }: DockerStage): Promise<Image> {
    const root = this.rootOf(name);
    // Those that it copies from, side by side.
    const sources = this.stages.filter((one) => steps.some(({ from }) => from === one.name));
    await Promise.all(sources.map((source) => this.stage(source)));
    let workdir = root;
    let environment: Record<string, string> = {};
    for (const step of steps) {
      if (step.kind === 'workdir') mkdirSync((workdir = join(root, step.target!)), { recursive: true });
      if (step.kind === 'env') environment = { ...environment, ...step.values };
      if (step.kind === 'copy') this.copy(step, step.target!.startsWith('/') ? root : workdir);
      if (step.kind === 'run') await this.run(step, workdir, environment);
    }
    const last = (kind: string) => steps.findLast((step) => step.kind === kind);
    const [, ...healthcheck] = last('healthcheck')?.command ?? [];
    const command = last('cmd')?.command ?? [];
    return { workdir, environment, user: last('user')?.target ?? 'root', command, healthcheck };
  }

  private rootOf(stage: string): string {
    return join(this.home, `stage-${stage || 'last'}`);
  }

  /** Docker's rules: of a folder its contents are copied, and several go into a folder. */
  private copy({ sources = [], target = '', from = '' }: DockerStep, into: string): void {
    for (const source of sources) {
      const path = from === '' ? resolve(source) : join(this.rootOf(from), source);
      const isFolder = existsSync(path) && statSync(path).isDirectory();
      const intoFolder = !isFolder && (sources.length > 1 || target.endsWith('/') || target === '.');
      const to = join(into, target, intoFolder ? basename(source) : '');
      mkdirSync(dirname(to), { recursive: true });
      if (from !== '') cpSync(path, to, { recursive: true, verbatimSymlinks: true });
      else this.copyFromContext(source, to);
    }
  }

  private copyFromContext(source: string, to: string): void {
    const files = [...this.context].filter((file) => file === source || file.startsWith(`${source}/`));
    if (files.length === 0)
      throw new Error(`COPY ${source}: .dockerignore keeps it out of the build, or it is not there`);
    for (const file of files) {
      const target = file === source ? to : join(to, file.slice(source.length + 1));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
  }

  private async run({ command = [], shell, text }: DockerStep, cwd: string, environment: Record<string, string>) {
    const [program = '', ...args] = shell ? ['sh', '-c', command.join(' ')] : command;
    const home = join(this.home, 'home');
    mkdirSync(home, { recursive: true });
    // What CI has just installed is in npm's cache.
    const npm = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };
    const cache = { npm_config_cache: process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? home, '.npm') };
    const env = { PATH: this.path, HOME: home, ...npm, ...cache, ...environment };
    await promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 }).catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${text} fails:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`, { cause: error });
    });
  }
}
