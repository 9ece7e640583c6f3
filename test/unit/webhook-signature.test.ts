import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { DISABLE_AFTER_MS, pauseAfter, waitAfter } from '../../src/relay/webhooks/retry-schedule.js';
import { signedHeaders, writeSecret } from '../../src/relay/webhooks/signature.js';

const id = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const body = '{"type":"user.created","data":{"firstName":"Zoë"}}';

describe('A signature', () => {
  it('is one that the library of Standard Webhooks takes, by each secret that is good, and by no other', () => {
    const [one, other, third] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const headers = signedHeaders([one, other], { id, at: new Date(), body });
    for (const secret of [one, other]) {
      expect(new Webhook(writeSecret(secret)).verify(body, headers)).toEqual(JSON.parse(body));
    }
    expect(() => new Webhook(writeSecret(third)).verify(body, headers)).toThrow();
    expect(() => new Webhook(writeSecret(one)).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(writeSecret(one)).verify(body, { ...headers, 'webhook-id': 'another' })).toThrow();
  });

  it('is no good for a message that is sent again later by whoever has seen it', () => {
    const secret = randomBytes(32);
    const at = new Date(Date.now() - 6 * 60_000);
    const headers = signedHeaders([secret], { id, at, body });
    expect(() => new Webhook(writeSecret(secret)).verify(body, headers)).toThrow(/old/);
  });
});

describe('What is not accepted', () => {
  it('is tried nine times within a day, later each time, and then given up', () => {
    const waits = Array.from({ length: 10 }, (_, index) => waitAfter(index + 1, 0));
    const given = waits.filter((wait) => wait !== undefined);
    expect(given).toHaveLength(8);
    expect(given).toEqual([...given].sort((one, other) => one - other));
    const hours = given.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThanOrEqual(24);
    expect(waits.slice(8)).toEqual([undefined, undefined]);
    expect(waitAfter(1, 1)).toBeGreaterThan(waitAfter(1, 0)!);
  });

  it('earns an endpoint pauses, longer each time up to five minutes, and far shorter than the days until it is disabled', () => {
    const pauses = Array.from({ length: 30 }, (_, failures) => pauseAfter(failures));
    expect(pauses.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(pauses[5]).toBeGreaterThan(0);
    expect(pauses).toEqual([...pauses].sort((one, other) => one - other));
    expect(pauses.at(-1)).toBe(5 * 60_000);
    expect(DISABLE_AFTER_MS).toBeGreaterThan(24 * 3_600_000);
  });
});
