import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { replayUnderLoad } from '../support/replay-under-load.js';
import { type Roster, startRoster } from '../support/roster.js';
import { soak } from '../support/soak.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('A replay beside a server under load', () => {
  soak('replay', 'fails no client, and leaves no difference', { events: 200_000 }, async ({ counts: { events } }) => {
    const result = await replayUnderLoad(roster, events, { SECRET_KEY: 'k3yZ'.repeat(12) });
    const { replay, verification, requests, failures, slowestMs } = result;
    expect(replay).toMatchObject({ code: 0 });
    const said = /Replayed (\d+) users, (\d+) events in .*?(\d+) events\/s/.exec(replay.stdout);
    const [users = 0, replayed = 0, rate = 0] = (said ?? []).slice(1).map(Number);
    expect(replayed).toBeGreaterThanOrEqual(events);
    expect(replay.stdout).toMatch(/Rows that differed: 10\d\. They were repaired/);
    expect(requests).toBeGreaterThan(0);
    expect(failures).toEqual([]);
    expect(verification.faults).toEqual([]);
    return {
      summary:
        `${replayed} events of ${users} users replayed at ${rate} a second while 4 clients made ${requests} requests, ` +
        `the slowest ${Math.round(slowestMs)} ms: none failed, and no row differed afterwards.`,
      figures: { users, replayed, rate, requests, slowestMs: Math.round(slowestMs), report: replay.stdout.split('\n') },
    };
  });
});
