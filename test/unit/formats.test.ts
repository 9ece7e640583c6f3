import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Duration, formatValues, formatDuration, formatTime } from '../../src/rendering/formats.js';

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
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('says the very duration, for every whole number of seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 * 86_400 }), (seconds) => {
        const [, count = '', unit = ''] =
          /^(\d+) (second|minute|hour|day)s?$/.exec(formatDuration(seconds * 1000)) ?? [];
        expect(Number(count) * MS[unit as keyof typeof MS]).toBe(seconds * 1000);
      }),
    );
  });

  it.each([
    ['de', '24 Stunden'],
    ['de-AT', '24 Stunden'],
    ['fr', '24 heures'],
  ])('is in the words of %s', (locale, text) => {
    expect(formatDuration(MS.day, locale).replace(/\s/g, ' ')).toBe(text);
  });
});

describe('a time for a person', () => {
  const morning = new Date('2026-01-21T09:14:59Z');

  it.each([
    ['en', '21 January 2026, 09:14 UTC'],
    ['en-US', 'January 21, 2026, 09:14 AM UTC'],
    ['de', '21. Januar 2026, 09:14 UTC'],
    ['de-AT', '21. Jänner 2026, 09:14 UTC'],
  ])('is written as in %s, and says its zone', (locale, text) => {
    expect(formatTime(morning, locale).replace(/\s/g, ' ')).toBe(text);
  });

  it('stands among the values of a template as a text, and so does a duration', () => {
    const values = {
      requestedAt: morning,
      expiresIn: new Duration(MS.hour * 24),
      link: 'https://x.example',
      name: null,
    };
    expect(formatValues(values, 'de')).toEqual({
      requestedAt: '21. Januar 2026, 09:14 UTC',
      expiresIn: '24 Stunden',
      link: 'https://x.example',
      name: null,
    });
  });
});
