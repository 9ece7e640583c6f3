import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { faultsOf, runFeedLoad } from '../support/feed-load.js';
import { type Roster, startRoster } from '../support/roster.js';
import { soak } from '../support/soak.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('twenty writers who commit late, in no order', () => {
  soak(
    'feed',
    'hide no event from a reader of the feed: each comes once, in order of its user',
    { seconds: 60 },
    async ({ counts: { seconds } }) => {
      const load = await runFeedLoad(roster, { seconds });
      expect(faultsOf(load)).toEqual({ missing: [], rolledBackOrUnknown: [], twice: 0, outOfOrder: [] });
      const { committed, rolledBack } = load;
      expect(rolledBack).toBeGreaterThan(0);
      return {
        summary:
          `${committed.length} events of 500 users in ${seconds} s of writing, and ${rolledBack} transactions rolled back: ` +
          'the reader was given each event once, in order per user.',
        figures: { committed: committed.length, rolledBack },
      };
    },
  );
});
