import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ContractTools, installContractTools } from '../support/contract-tools.js';
import { type Roster, startRoster } from '../support/roster.js';

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
const PAGE = readFileSync('docs/clients.md', 'utf8');

/** What OpenAPI Generator says of any document of its kind, and what makes no difference to its clients. */
const NO_FAULT_OF_OURS = [
  /OpenAPI 3\.1 support is still in beta/,
  /ModelUtils - Failed to get the schema name: null/,
  // A file of lines, whatever their number, is a body that it has no word for; so is the report of one.
  /Warning\(s\) encountered while generating/,
  /WARNING parsing (?:POST \/users\/import|GET \/user-imports\/\{importId\}\/report) within/,
  // It looks at the names of parameters as if they were models, of which there are none of these names.
  /(?:(?:From|Continue) \(reserved word\)|(?:File|Error) \(model name matches existing language type\)) cannot be used as a? ?model name/,
];

let roster: Roster;
let tools: ContractTools;
let userId: string;
const folder = mkdtempSync(join(tmpdir(), 'roster-clients-'));
const document = join(folder, 'openapi.json');

beforeAll(async () => {
  tools = await installContractTools();
  roster = await startRoster();
  ({ id: userId } = await roster.join('ada@example.com'));
  writeFileSync(document, (await roster.api.get('/docs-json').expect(200)).text);
  symlinkSync(join(tools.npm, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(tools.openapiGenerator, join(folder, 'openapi-generator-cli.jar'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}, TIMEOUT_MS);
afterAll(async () => {
  await roster.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Both streams of a program in the folder of the clients. @throws Error with them when it fails */
async function output(command: string, args: readonly string[]): Promise<string> {
  const programs = [join(tools.python, 'bin'), join(tools.npm, 'node_modules/.bin'), resolve('node_modules/.bin')];
  const env = {
    ...process.env,
    PATH: [...programs, process.env['PATH']].join(':'),
    PYTHONPATH: join(folder, 'roster-python'),
    PYTHONDONTWRITEBYTECODE: '1',
    // Every class of Python with a metaclass of its own has that attribute, and nobody needs it of a model.
    PYTHONWARNINGS: 'ignore:Field name "register" in "OfferedMethod"',
    NODE_OPTIONS: '',
    // Nothing is told to the makers of the tools.
    REDOCLY_TELEMETRY: 'off',
    REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
    npm_config_offline: 'true',
  };
  try {
    const { stdout, stderr } = await run(command, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/** The blocks of a language in a section of docs/clients.md, which ask this server. */
function block(section: string, language: string): string {
  const text = PAGE.split(/^## /m).find((one) => one.startsWith(`${section}\n`)) ?? '';
  const [, found] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(text) ?? [];
  if (found === undefined) throw new Error(`docs/clients.md has no ${language} in "${section}"`);
  return found.replaceAll('http://localhost:3000', roster.url);
}

/** Generates a client as the page says, but for what is installed already. */
async function generate(section: string): Promise<string> {
  const lines = block(section, 'sh').split('\n');
  const [line, ...others] = lines.filter((one) => one !== '' && !/^(?:npm|pip) install/.test(one));
  expect(others).toEqual([]);
  const [command = '', ...args] = line!.split(' ');
  return output(command, args);
}

const warnings = (said: string): string[] =>
  said
    .split('\n')
    .filter((line) => /\b(?:warn|warning|error|skipping)\b/i.test(line) && !/ INFO /.test(line))
    .filter((line) => !NO_FAULT_OF_OURS.some((known) => known.test(line)));

const EXPECTED = (): string => `invalid-credentials\n/users/${userId}\n`;

describe('the API document', () => {
  it(
    'is clean for Redocly, with all that it recommends',
    async () => {
      // That one knows no routes for browsers, which lead on and do nothing else: the next test stands in for it.
      const skipped = '--skip-rule=operation-2xx-response';
      const report = await output('redocly', ['lint', '--extends=recommended', '--format=json', skipped, document]);
      const { totals, problems } = JSON.parse(report.slice(report.indexOf('{'), report.lastIndexOf('}') + 1)) as {
        totals: object;
        problems: unknown[];
      };
      expect(problems).toEqual([]);
      expect(totals).toEqual({ errors: 0, warnings: 0, ignored: 0 });
    },
    TIMEOUT_MS,
  );

  it('says for every operation how it succeeds', () => {
    const { paths } = JSON.parse(readFileSync(document, 'utf8')) as {
      paths: Record<string, Record<string, { responses: object }>>;
    };
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    expect(operations.length).toBeGreaterThan(100);
    const succeeds = ({ responses }: { responses: object }) =>
      Object.keys(responses).some((status) => /^(?:2..|303)$/.test(status));
    expect(operations.filter((operation) => !succeeds(operation))).toEqual([]);
  });

  it(
    'is clean for Spectral, down to its hints',
    async () => {
      const rules = join(folder, 'spectral.yaml');
      writeFileSync(rules, 'extends: ["spectral:oas"]\n');
      const said = await output('spectral', ['lint', '--ruleset', rules, '--fail-severity', 'hint', document]);
      expect(said).toMatch(/No results with a severity of 'hint' or higher found/);
    },
    TIMEOUT_MS,
  );
});

describe('docs/clients.md', () => {
  const TYPESCRIPT = [
    { section: 'openapi-typescript', file: 'types.ts' },
    { section: 'Hey API', file: 'hey.ts' },
    { section: 'OpenAPI Generator, TypeScript', file: 'fetch.ts' },
  ];
  const PYTHON = [
    { section: 'OpenAPI Generator, Python', file: 'generator.py' },
    { section: 'openapi-python-client', file: 'client.py' },
  ];

  it.each([...TYPESCRIPT, ...PYTHON])(
    'says how to make a client by $section, which finds nothing to complain of',
    async ({ section }) => {
      expect(warnings(await generate(section))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'has programs that compile with all of them, as strictly as can be',
    async () => {
      for (const { section, file } of TYPESCRIPT) writeFileSync(join(folder, file), block(section, 'ts'));
      const files = TYPESCRIPT.map(({ file }) => file);
      const options =
        '--strict --noEmit --target es2022 --module esnext --moduleResolution bundler --lib es2023,dom,dom.iterable';
      expect(await output('tsc', [...options.split(' '), ...files])).toBe('');
    },
    TIMEOUT_MS,
  );

  it.each(TYPESCRIPT)(
    'has a program for the client of $section that reads the code of an error, and the links of a user',
    async ({ file }) => {
      expect(await output('tsx', [file])).toBe(EXPECTED());
    },
    TIMEOUT_MS,
  );

  it.each(PYTHON)(
    'has a program for the client of $section that does so too',
    async ({ section, file }) => {
      writeFileSync(join(folder, file), block(section, 'python'));
      expect(await output('python', [file])).toBe(EXPECTED());
    },
    TIMEOUT_MS,
  );
});
