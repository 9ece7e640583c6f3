import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildGo } from './program.js';

/** What these tests read of a service of docker-compose.yml, as Docker Compose has loaded it. */
export interface ComposeService {
  readonly image?: string;
  readonly command: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string; readonly target: number }[];
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly replicas?: number };
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
}

export interface ComposeProject {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export interface DockerStep {
  readonly kind: string;
  /** As it was written. */
  readonly text: string;
  readonly command?: readonly string[];
  /** Whether the command is for a shell. */
  readonly shell?: boolean;
  readonly sources?: readonly string[];
  readonly target?: string;
  /** The stage that is copied from. */
  readonly from?: string;
  readonly chown?: string;
  readonly values?: Readonly<Record<string, string>>;
}

export interface DockerStage {
  readonly name: string;
  readonly steps: readonly DockerStep[];
}

/** Runs test/deploy/tool. @param folder whose .env counts @throws Error with what the engine's own parsers say */
async function tool(args: readonly string[], environment: Record<string, string> = {}, folder = '.'): Promise<string> {
  const program = await buildGo('deploy-tool', resolve('test/deploy/tool'));
  const env = { PATH: process.env['PATH'], ...environment };
  return (await promisify(execFile)(program, args, { env, cwd: folder, maxBuffer: 2 ** 26 })).stdout;
}

/** @param folder that has the files and, where it is to count, .env */
export async function loadCompose(
  folder: string,
  { profiles = [], environment = {}, files = ['docker-compose.yml'] }: LoadOptions = {},
): Promise<ComposeProject> {
  const chosen = profiles.flatMap((profile) => ['--profile', profile]);
  return JSON.parse(await tool(['compose', ...files, ...chosen], environment, folder)) as ComposeProject;
}

interface LoadOptions {
  readonly profiles?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly files?: readonly string[];
}

export async function parseDockerfile(): Promise<DockerStage[]> {
  return JSON.parse(await tool(['dockerfile', 'Dockerfile'])) as DockerStage[];
}

/** The files that a build gets, as .dockerignore has it. */
export async function buildContext(): Promise<string[]> {
  return (await tool(['context', '.'])).trimEnd().split('\n');
}

/** @throws Error naming the field that Grafana does not know */
export async function checkDashboard(file: string): Promise<void> {
  await tool(['dashboard', file]);
}
