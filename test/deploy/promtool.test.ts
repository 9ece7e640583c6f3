import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

/** What `promtool check metrics` says; nothing where all is well. @throws Error saying how to get it where it is not */
async function promtool(metrics: string): Promise<string> {
  const program = spawn(process.env['PROMTOOL_PATH'] ?? 'promtool', ['check', 'metrics']);
  const said = Promise.all([text(program.stdout), text(program.stderr)]);
  const spawned = once(program, 'spawn').catch((cause: unknown) => {
    const hint =
      'Debian has it in the package prometheus, which also starts a server; .ci/run takes the program alone.';
    throw new Error(`This test needs promtool of Prometheus, on the PATH or in PROMTOOL_PATH. ${hint}`, { cause });
  });
  await spawned;
  program.stdin.end(metrics);
  return (await said).join('');
}

describe('/metrics', () => {
  it('has names that promtool finds nothing to complain of', async () => {
    await roster.join('counted@example.com');
    const scraped = (await roster.api.get('/metrics').expect(200)).text;
    expect(scraped).toMatch(/^roster_user_events_total/m);
    expect(await promtool(scraped)).toBe('');
  });

  it('would be complained of otherwise', async () => {
    expect(await promtool('# HELP wrong_total x\n# TYPE wrong_total gauge\nwrong_total 1\n')).toMatch(/wrong_total/);
  });
});
