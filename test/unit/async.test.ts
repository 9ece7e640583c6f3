import { describe, expect, it } from '@jest/globals';
import { backoff } from '../../src/async/backoff.js';
import { withDeadline } from '../../src/async/deadline.js';
import { LruCache } from '../../src/async/lru-cache.js';
import { pause, waitAtMost } from '../../src/async/pause.js';
import { singleFlight } from '../../src/async/single-flight.js';
import { Wakeup } from '../../src/async/wakeup.js';

const never = (): Promise<never> => Promise.withResolvers<never>().promise;
const LONG_MS = 3_600_000;

describe('Work with a deadline', () => {
  it('gives its result', async () => {
    await expect(withDeadline(LONG_MS, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('fails with the message when the time is over', async () => {
    await expect(withDeadline(1, never)).rejects.toThrow('no answer within 0.001 s');
    await expect(withDeadline(1, never, { message: 'too slow' })).rejects.toThrow('too slow');
  });

  it('fails with the reason of a signal that aborts, before or during the wait', async () => {
    const controller = new AbortController();
    const waiting = withDeadline(LONG_MS, never, { signal: controller.signal });
    controller.abort(new Error('leaving'));
    await expect(waiting).rejects.toThrow('leaving');
    await expect(withDeadline(LONG_MS, never, { signal: controller.signal })).rejects.toThrow('leaving');
  });

  it('fails with what the work throws before it has a promise', async () => {
    const work = (): Promise<never> => {
      throw new Error('refused');
    };
    await expect(withDeadline(LONG_MS, work, { signal: AbortSignal.abort() })).rejects.toThrow('refused');
  });
});

describe('A pause', () => {
  it('ends when its signal aborts, without an error', async () => {
    await expect(pause(LONG_MS, AbortSignal.abort())).resolves.toBeUndefined();
  });

  it('for work ends with the work, with its error, or with the time', async () => {
    await expect(waitAtMost(LONG_MS, Promise.resolve())).resolves.toBeUndefined();
    await expect(waitAtMost(LONG_MS, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(waitAtMost(1, never())).resolves.toBeUndefined();
  });
});

describe('A wakeup', () => {
  it('is not missed when it comes between the count and the wait', async () => {
    const wakeup = new Wakeup();
    const seen = wakeup.count;
    wakeup.wake();
    await expect(wakeup.waitAfter(seen, LONG_MS, new AbortController().signal)).resolves.toBe(true);
  });

  it('wakes all who wait', async () => {
    const wakeup = new Wakeup();
    const { signal } = new AbortController();
    const waits = [wakeup.waitAfter(0, LONG_MS, signal), wakeup.waitAfter(0, LONG_MS, signal)];
    wakeup.wake();
    await expect(Promise.all(waits)).resolves.toEqual([true, true]);
  });

  it('did not happen where the time is over, or the signal aborts', async () => {
    const wakeup = new Wakeup();
    await expect(wakeup.waitAfter(0, 1, new AbortController().signal)).resolves.toBe(false);
    await expect(wakeup.waitAfter(0, LONG_MS, AbortSignal.abort())).resolves.toBe(false);
  });
});

describe('Work of which no two runs overlap', () => {
  it('is shared by calls during a run, and begins anew after it, also after a failure', async () => {
    let runs = 0;
    const work = singleFlight(async () => {
      await Promise.resolve();
      if (++runs === 1) throw new Error('the first fails');
      return runs;
    });
    const results = await Promise.allSettled([work(), work()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(Promise.all([work(), work()])).resolves.toEqual([2, 2]);
  });
});

describe('An exponential backoff', () => {
  it('doubles from the first delay to the longest', () => {
    const delays = [1, 2, 3, 4, 5].map((failures) => backoff(failures, { firstMs: 100, longestMs: 900 }));
    expect(delays).toEqual([100, 200, 400, 800, 900]);
  });
});

describe('An LRU cache', () => {
  it('forgets the entry that was used least recently', () => {
    const cache = new LruCache<number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
  });
});
