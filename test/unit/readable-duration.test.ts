import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readableDuration } from '../../src/mail/readable-duration.js';

const MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

describe('a duration for a person', () => {
  it.each([
    [2 * MS.day, '2 days'],
    [30 * MS.day, '30 days'],
    [MS.day, '24 hours'],
    [36 * MS.hour, '36 hours'],
    [2 * MS.hour, '2 hours'],
    [MS.hour, '60 minutes'],
    [90 * MS.minute, '90 minutes'],
    [30 * MS.minute, '30 minutes'],
    [MS.minute, '60 seconds'],
    [90 * MS.second, '90 seconds'],
    [MS.second, '1 second'],
    [500, '1 second'],
    [1, '1 second'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(readableDuration(milliseconds)).toBe(text);
  });

  it('says the very duration, for every whole number of seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 * 86_400 }), (seconds) => {
        const [, count = '', unit = ''] =
          /^(\d+) (second|minute|hour|day)s?$/.exec(readableDuration(seconds * 1000)) ?? [];
        expect(Number(count) * MS[unit as keyof typeof MS]).toBe(seconds * 1000);
      }),
    );
  });
});
