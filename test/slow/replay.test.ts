import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { report } from '../support/process.js';
import { replayUnderLoad } from '../support/replay-under-load.js';
import { type Roster, startRoster } from '../support/roster.js';

jest.setTimeout(180_000);

// `npm run test:soak` does the same with 200,000.
const EVENTS = 1000;

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('A replay beside a server under load', () => {
  it('fails no client, and leaves no difference', async () => {
    const result = await replayUnderLoad(roster, EVENTS, { SECRET_KEY: 'k3yZ'.repeat(12) });
    const { replay, verification, requests, failures, slowestMs } = result;
    report(`${requests} requests, slowest ${slowestMs.toFixed(0)} ms\n    ${replay.stdout.split('\n').join('\n    ')}`);
    expect(replay).toMatchObject({ code: 0 });
    expect(replay.stdout).toMatch(/Replayed \d{3} users, \d{4} events .* events\/s/);
    expect(replay.stdout).toMatch(/Rows that differed: 10\d\. They were repaired/);
    expect(requests).toBeGreaterThan(0);
    expect(failures).toEqual([]);
    expect(verification.faults).toEqual([]);
  });
});
