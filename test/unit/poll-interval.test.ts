import { afterEach, expect, jest, test } from '@jest/globals';
import { PollInterval } from '../../src/async/poll-interval.js';

afterEach(() => {
  jest.restoreAllMocks();
});

test('Polls become rarer after a minute without work, and frequent again with the next work', () => {
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const interval = new PollInterval(1000, 15_000);
  expect(interval.ms).toBe(1000);
  now = 59_999;
  expect(interval.ms).toBe(1000);
  now = 60_000;
  expect(interval.ms).toBe(15_000);
  interval.worked();
  expect(interval.ms).toBe(1000);
});
