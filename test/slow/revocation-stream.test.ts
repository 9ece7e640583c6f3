import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventReader } from '../support/event-stream.js';
import { type Roster, startRoster } from '../support/roster.js';

const SERVICE_TOKEN = 'for-tests-only.0123456789abcdefghij';
const PATH = '/auth/revocations';

let roster: Roster;
beforeAll(async () => void (roster = await startRoster({ INTROSPECTION_TOKEN: SERVICE_TOKEN })));
afterAll(() => roster.stop());

const follow = (lastEventId?: string) =>
  EventReader.open(roster.url, { token: SERVICE_TOKEN, path: PATH, ...(lastEventId !== undefined && { lastEventId }) });

describe('a stream of revocations', () => {
  it('says whenever all there is was sent, and goes on saying so after each new look, and when that was', async () => {
    const heard: number[] = [];
    const reader = await follow('0');
    reader.response.on('data', (chunk: string) => {
      for (const [, ms] of chunk.matchAll(/^: up to date (-?\d+)\n\n/gm)) heard.push(Number(ms));
    });
    await reader.until('three times', () => heard.length >= 3);
    expect(reader.events).toEqual([]);
    expect(heard).toEqual([...new Set(heard)].sort((one, other) => one - other));
    expect(heard[2]).toBeGreaterThan(1000);
    reader.leave();
  });

  it('is refused beyond a number of them, and lets others in once some have left', async () => {
    const readers: EventReader[] = [];
    let refused = await follow();
    for (; refused.response.statusCode === 200 && readers.length < 60; refused = await follow()) readers.push(refused);
    // Those of the tests before may still be leaving.
    expect(readers.length).toBeGreaterThan(40);
    expect(readers.length).toBeLessThanOrEqual(50);
    expect(refused.response.statusCode).toBe(429);
    expect(refused.response.headers['retry-after']).toBe('10');
    for (const reader of readers) reader.leave();
    await refused.until('room', () => readers.every(({ ended }) => ended));
    const again = async (): Promise<void> => {
      const reader = await follow();
      reader.leave();
      if (reader.response.statusCode !== 200) await again();
    };
    await again();
  });
});
