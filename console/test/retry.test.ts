import { describe, expect, it } from '@jest/globals';
import { ApiProblem, secondsOf, Unreachable } from '../src/api/api-problem.js';
import { asksAgain, waitBefore } from '../src/api/retry.js';

const refusal = (status: number, retryAfter?: number) => new ApiProblem(status, {}, retryAfter);

describe('a query', () => {
  it.each([400, 401, 403, 404, 409, 412, 422, 500])('that was answered by %i is not repeated', (status) => {
    expect(asksAgain(0, refusal(status))).toBe(false);
  });

  it('is repeated a few times while the server is busy or out of reach', () => {
    for (const error of [refusal(503), refusal(502), new Unreachable('')]) {
      expect([0, 3, 4].map((failures) => asksAgain(failures, error))).toEqual([true, true, false]);
    }
  });

  it('waits for as long as the server says, and else longer each time', () => {
    expect(waitBefore(0, refusal(503, 7))).toBe(7000);
    expect([0, 1, 2].map((failures) => waitBefore(failures, new Unreachable('')))).toEqual([1000, 2000, 4000]);
    expect(waitBefore(0, refusal(429, 3600))).toBe(30_000);
  });

  it('over a limit is repeated only where the server says when', () => {
    expect(asksAgain(0, refusal(429, 2))).toBe(true);
    expect(asksAgain(0, refusal(429))).toBe(false);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-11-28T12:00:00Z');

  it('is seconds or a date', () => {
    expect(secondsOf('12')).toBe(12);
    expect(secondsOf('Sat, 28 Nov 2026 12:00:30 GMT', now)).toBe(30);
    expect([secondsOf(null), secondsOf(''), secondsOf('soon')]).toEqual([undefined, undefined, undefined]);
  });
});
