import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { SETTINGS } from '../../src/config/settings.js';
import { type Home, makeHome, RosterProcess } from '../support/process.js';

jest.setTimeout(90_000);

const read = (file: string) => readFileSync(join(PACKAGE_ROOT, file), 'utf8');
const README = read('README.md');
const PAGES = ['*.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: PACKAGE_ROOT })).sort();
const settings = SETTINGS as Record<string, { default?: string; planned?: true; secret?: true }>;

interface Step {
  /** What is called, for the name of its test. */
  readonly call: string;
  readonly script: string;
  /** The JSON that the page promises as the answer, if it does. */
  readonly promised: unknown;
}

/** The blocks of the tour in their order, each with the answer that stands below it. */
function tour(): Step[] {
  const section = /^## Five-minute tour\n(.*?)^## /ms.exec(README)?.[1] ?? '';
  const blocks = [...section.matchAll(/^```(bash|json)\n(.*?)^```$/gms)].map(([, kind, text = '']) => ({ kind, text }));
  return blocks.flatMap(({ kind, text }, index) => {
    if (kind !== 'bash') return [];
    const next = blocks[index + 1];
    const call = [...text.matchAll(/localhost:\d+(\/[\w$/-]*)/g)].at(-1)?.[1] ?? '';
    return [{ call, script: text, promised: next?.kind === 'json' ? (JSON.parse(next.text) as unknown) : undefined }];
  });
}

/** `"..."` stands for any text. */
function expected(promised: unknown): unknown {
  if (promised === '...') return expect.any(String);
  if (Array.isArray(promised)) return promised.map(expected);
  if (typeof promised !== 'object' || promised === null) return promised;
  return expect.objectContaining(
    Object.fromEntries(Object.entries(promised).map(([name, value]) => [name, expected(value)])),
  );
}

const BETWEEN = '----- next block -----';

/** Runs scripts in one bash, as somebody who pastes them one after the other, and gives what each of them printed. */
async function runInOneShell(scripts: readonly string[], typed: string): Promise<string[]> {
  const script = ['set -euo pipefail', ...scripts.map((text) => `${text}\necho '${BETWEEN}'`)].join('\n');
  const child: ChildProcess = spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end(`${typed}\n`);
  const patience = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await once(child, 'close');
  clearTimeout(patience);
  expect({ code: child.exitCode, stdout, stderr }).toEqual({ code: 0, stdout, stderr: '' });
  return stdout.split(BETWEEN).slice(0, -1);
}

describe('the tour of README.md, pasted into a shell beside a freshly started server', () => {
  const steps = tour();
  let home: Home;
  let server: RosterProcess;
  let outputs: string[] = [];
  beforeAll(async () => {
    home = makeHome();
    server = await RosterProcess.start(home);
    const [, password = ''] = / password (\S+) /.exec(server.said('Admin')) ?? [];
    // Other ports than those of the page: somebody may be using them.
    const here = (text: string) =>
      text
        .replaceAll('http://localhost:3000', server.said('API'))
        .replaceAll('http://localhost:8025', server.said('Mailbox'));
    outputs = await runInOneShell(
      steps.map(({ script }) => here(script)),
      password,
    );
  });
  afterAll(async () => {
    await RosterProcess.killAll();
    home.remove();
  });

  it('runs to its end, every block of it', () => {
    expect(steps.length).toBeGreaterThan(8);
    expect(outputs).toHaveLength(steps.length);
  });

  it.each(steps.flatMap((step, index) => (step.promised === undefined ? [] : [{ ...step, index }])))(
    'answers what the page promises in step $index, $call',
    ({ promised, index }) => {
      const answer: unknown = JSON.parse(outputs[index] ?? '');
      expect(answer).toEqual(expected(promised));
    },
  );

  it('shows the description of the API where it says', async () => {
    const page = await fetch(`${server.said('API')}/docs`);
    expect(page.status).toBe(200);
  });
});

describe('the pages', () => {
  it('are those that a reader looks for', () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/architecture.md']) {
      expect(PAGES).toContain(page);
    }
    expect(existsSync(join(PACKAGE_ROOT, 'LICENSE'))).toBe(true);
  });

  it.each(PAGES)('link only to what is there: %s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(
      ([, inline, reference]) => inline ?? reference ?? '',
    );
    const broken = links
      .filter((target) => !/^(https?:|mailto:)/.test(target))
      .filter((target) => !resolves(page, target));
    expect(broken).toEqual([]);
  });

  it.each(PAGES)('name only npm scripts that exist: %s', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run (?:--silent |-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
  });

  // The page for contributors names what stands in the code too.
  it.each(PAGES.filter((page) => page !== 'CONTRIBUTING.md'))('name only settings that exist: %s', (page) => {
    const named = [...read(page).matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
    // What only one command reads is no setting, and is in what `roster help` says; the last ones are Node's own.
    const ofCommands = [...read('src/commands.ts').matchAll(/environment\['(\w+)'\]/g)].map(([, name = '']) => name);
    const benches = globSync('bench/**/*.mjs', { cwd: PACKAGE_ROOT }).map(read).join('\n');
    const ofBenches = [...benches.matchAll(/process\.env\.([A-Z]\w+)/g)].map(([, name = '']) => name);
    const elsewhere = [
      ...composeNames(),
      ...ofCommands,
      ...ofBenches,
      'NODE_EXTRA_CA_CERTS',
      'NODE_OPTIONS',
      'NODE_COMPILE_CACHE',
      'NODE_DISABLE_COMPILE_CACHE',
      'MALLOC_ARENA_MAX',
      'MALLOC_TRIM_THRESHOLD_',
    ];
    const secrets = Object.keys(settings).filter((name) => settings[name]!.secret);
    const known = [...Object.keys(settings), ...secrets.map((name) => `${name}_FILE`), ...elsewhere];
    // What the page's own programs and commands read.
    const ofPage = [...read(page).matchAll(/(?:\$\{?|process\.env\.)([A-Z]\w+)/g)].map(([, name = '']) => name);
    const unknown = named.filter((name) => ![...known, ...ofPage].includes(name));
    expect(unknown).toEqual([]);
  });

  it('name no npm script of the tests that CONTRIBUTING.md leaves out', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const suites = Object.keys(scripts).filter((name) => name.startsWith('test:'));
    const text = read('CONTRIBUTING.md');
    expect(suites.filter((name) => !text.includes(`npm run ${name}`))).toEqual([]);
  });
});

/** The rows of a page's tables of settings: names and defaults. */
const settingsOf = (page: string) =>
  [...read(page).matchAll(/^\| (`[A-Z].*?) \| (.*?) ?\| .*\|$|^\| (`[A-Z].*?) \| (.*?) ?\| *\|$/gm)].map(
    ([, names = '', defaults = '', bareNames = '', bareDefaults = '']) => ({
      names: quoted(names || bareNames),
      defaults: quoted(defaults || bareDefaults),
    }),
  );

describe('the tables of settings', () => {
  it('of docs/settings.md have every setting that is in effect, and none that is only planned', () => {
    const inEffect = Object.keys(settings).filter((name) => !settings[name]?.planned);
    expect(
      settingsOf('docs/settings.md')
        .flatMap(({ names }) => names)
        .sort(),
    ).toEqual(inEffect.sort());
  });

  it.each(['README.md', 'docs/settings.md'])('give their defaults: %s', (page) => {
    const rows = settingsOf(page);
    expect(rows.length).toBeGreaterThan(10);
    for (const { names, defaults } of rows) {
      expect({ names, defaults }).toEqual({
        names,
        defaults: names.flatMap((name) => settings[name]?.default ?? []),
      });
    }
  });
});

describe('the shell that the tour is pasted into', () => {
  it('need not be bash: every block is one that sh can read', () => {
    const script = tour()
      .map((step) => step.script)
      .join('\n');
    expect(spawnSync('sh', ['-n', '-c', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

/** The variables that docker-compose.yml takes beside the settings, and those of older releases that its script takes over. */
function composeNames(): string[] {
  const taken = read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g);
  const takenOver = read('docker/make-secrets.sh').matchAll(/^secret \S+ ([A-Z_]+)/gm);
  return [...taken, ...takenOver].map(([, name = '']) => name);
}

/** Whether a relative link leads to a file, and its fragment, if there is one, to a heading of it. */
function resolves(page: string, target: string): boolean {
  const [path = '', fragment] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(PACKAGE_ROOT, file))) return false;
  if (fragment === undefined) return true;
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return headings.some((text) => slug(text) === fragment);
}

/** As GitHub makes anchors of headings. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
