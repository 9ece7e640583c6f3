import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { installPython } from '../support/python.js';

const run = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roster-deployment-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const MANIFESTS = resolve('examples/kubernetes/roster.yaml');
const UNIT = resolve('examples/systemd/roster.service');

/** What a program has written, of a result or of the error of one that failed. */
function outputOf(ended: unknown): string {
  const { stdout, stderr } = ended as { readonly stdout: string; readonly stderr: string };
  return `${stdout}${stderr}`;
}

async function validate(file: string): Promise<string> {
  const python = await installPython('kubernetes-validate', resolve('test/deploy/kubernetes.txt'));
  const arguments_ = ['--strict', '--kubernetes-version', '1.37', file];
  return run(join(python, 'bin/kubernetes-validate'), arguments_).then(
    ({ stdout }) => stdout,
    (error: unknown) => `failed: ${outputOf(error)}`,
  );
}

it('Kubernetes takes the manifests', async () => {
  expect(await validate(MANIFESTS)).not.toMatch(/failed|error/i);
  // So does the tool see what is wrong.
  const wrong = join(folder, 'wrong.yaml');
  writeFileSync(wrong, readFileSync(MANIFESTS, 'utf8').replace('replicas: 2', 'replicaz: 2'));
  expect(await validate(wrong)).toMatch(/replicaz/);
});

it('systemd takes the unit', async () => {
  const check = async (text: string): Promise<string> => {
    const unit = join(folder, 'roster.service');
    // There is no installation here.
    writeFileSync(unit, text.replace('/usr/bin/node /opt/roster/dist/main.js', process.execPath));
    const output = await run('systemd-analyze', ['verify', '--man=no', unit]).then(outputOf, outputOf);
    return output
      .split('\n')
      .filter((line) => line.includes('roster.service'))
      .join('\n');
  };
  const text = readFileSync(UNIT, 'utf8');
  expect(await check(text)).toBe('');
  expect(await check(text.replace('KillMode=mixed', 'KillMode=gently'))).toMatch(/kill mode/);
});
