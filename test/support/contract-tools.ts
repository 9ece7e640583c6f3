import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { installPython } from './python.js';

const run = promisify(execFile);

const NPM = resolve('test/contract/tools');
const REQUIREMENTS = resolve('test/contract/tools/requirements.txt');
const OPENAPI_GENERATOR = 'org.openapitools:openapi-generator-cli:7.25.0';

/** Where the generators and linters of the API document are. */
export interface ContractTools {
  /** Has `node_modules`. */
  readonly npm: string;
  /** Has `bin/python`. */
  readonly python: string;
  readonly openapiGenerator: string;
}

/** Installs each in its pinned version where it is not yet. @throws Error saying what is missing */
export async function installContractTools(): Promise<ContractTools> {
  const [npm, python, openapiGenerator] = await Promise.all([
    installNpm(),
    installPython('contract-clients', REQUIREMENTS),
    installJar(),
  ]);
  return { npm, python, openapiGenerator };
}

async function installNpm(): Promise<string> {
  const files = ['package.json', 'package-lock.json'];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(NPM, file)));
  const folder = resolve(`node_modules/.cache/contract-tools-${hash.digest('hex').slice(0, 12)}`);
  const done = join(folder, 'installed');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) copyFileSync(join(NPM, file), join(folder, file));
  // esbuild's program comes as a package of its own; its script, and those that count installations, are not needed.
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  writeFileSync(done, '');
  return folder;
}

async function installJar(): Promise<string> {
  const [, name, version] = OPENAPI_GENERATOR.split(':');
  const folder = resolve('node_modules/.cache/openapi-generator');
  const jar = join(folder, `${name}-${version}.jar`);
  if (existsSync(jar)) return jar;
  const goal = ['dependency:copy', `-Dartifact=${OPENAPI_GENERATOR}`, `-DoutputDirectory=${folder}`];
  try {
    await run('mvn', ['--batch-mode', '--quiet', ...goal]);
  } catch (error) {
    throw new Error(
      'The contract tests need Java 17 and Maven for OpenAPI Generator (Debian: apt-get install default-jre-headless maven).',
      { cause: error },
    );
  }
  return jar;
}
