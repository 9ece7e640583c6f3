import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { promtool } from '../support/prometheus.js';

const RULES = resolve('monitoring/prometheus/alerts.yml');
const rules = readFileSync(RULES, 'utf8');
const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roster-alerts-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('monitoring/prometheus', () => {
  it('is taken by Prometheus', async () => {
    expect(alerts.length).toBeGreaterThan(10);
    // What it names is there only in the container.
    const token = join(folder, 'token');
    writeFileSync(token, 'x');
    const config = readFileSync('monitoring/prometheus/prometheus.yml', 'utf8');
    const here = join(folder, 'prometheus.yml');
    writeFileSync(here, config.replace('/run/secrets/metrics-token', token).replace('alerts.yml', RULES));
    expect(await promtool('check', 'config', here)).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('has a section in docs/troubleshooting.md for each alert, and none for another', () => {
    const page = readFileSync('docs/troubleshooting.md', 'utf8');
    const sections = [...page.matchAll(/^### (Roster\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(alerts);
    const runbooks = [...rules.matchAll(/^ +runbook: (.*)$/gm)].map(([, path]) => path);
    expect(runbooks).toEqual(alerts.map((name) => `docs/troubleshooting.md#${name.toLowerCase()}`));
  });
});

describe('each alert', () => {
  const cases = readFileSync('test/deploy/alerts.yml', 'utf8');
  const written = (text: string, tested: string) => {
    const file = join(folder, 'tests.yml');
    writeFileSync(file, text.replace('../../monitoring/prometheus/alerts.yml', tested));
    return file;
  };

  it('fires on what is bad, and is silent on what is good', async () => {
    expect(await promtool('test', 'rules', written(cases, RULES))).toContain('SUCCESS');
  });

  it('has a case in which it fires, and one in which it is silent', () => {
    const of = (outcome: string) =>
      [...cases.matchAll(new RegExp(`^ +# ${outcome}: (\\w+)$`, 'gm'))].map(([, name]) => name);
    expect(new Set(of('fires'))).toEqual(new Set(alerts));
    expect(new Set(of('silent'))).toEqual(new Set(alerts));
  });

  it('would be missed', async () => {
    const renamed = join(folder, 'renamed.yml');
    writeFileSync(renamed, rules.replaceAll('- alert: ', '- alert: Not'));
    const missing = await promtool('test', 'rules', written(cases, renamed)).catch(String);
    for (const alert of alerts) expect(missing).toContain(`ALERTS{alertname=\\"${alert}\\"`);
  });
});
