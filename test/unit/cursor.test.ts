import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Cursor, readCursor, SIDES, writeCursor } from '../../src/http/pagination/cursor.js';
import { parseInstant } from '../../src/http/request/date-time.js';
import { linkHeader, pageLinks } from '../../src/http/pagination/page-links.js';
import { ValidationFailed } from '../../src/http/request/validation.js';

const CURSOR: Cursor = {
  sort: 'email',
  side: 'after',
  key: 'ada@example.com',
  id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
};
const FRAME = { sort: 'email', filters: { role: 'ADMIN' }, isKey: () => true };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const refused = (text: string, frame: Parameters<typeof readCursor>[1] = FRAME) =>
  expect(() => readCursor(text, frame)).toThrow(ValidationFailed);

describe('a cursor', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record<Cursor>({
          sort: fc.constant('email'),
          side: fc.constantFrom(...SIDES),
          key: fc.option(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))),
          id: fc.uuid(),
        }),
        (cursor) => expect(readCursor(writeCursor(cursor, FRAME.filters), FRAME)).toEqual(cursor),
      ),
    );
  });

  it('is good for the order and the filters it was written for, in whatever sequence they come', () => {
    const text = writeCursor(CURSOR, { role: 'ADMIN', search: '%ada%', status: undefined });
    readCursor(text, { ...FRAME, filters: { search: '%ada%', role: 'ADMIN', createdAfter: undefined } });
    refused(text, { ...FRAME, filters: { search: '%ada%' } });
    refused(text, { ...FRAME, filters: { search: '%adb%', role: 'ADMIN' } });
    refused(text, { ...FRAME, filters: {} });
    refused(text, { ...FRAME, sort: '-email', filters: { search: '%ada%', role: 'ADMIN' } });
    refused(text, { ...FRAME, filters: { search: '%ada%', role: 'ADMIN' }, isKey: () => false });
  });

  it('is refused when it is cut, lengthened, changed or made up', () => {
    const text = writeCursor(CURSOR, FRAME.filters);
    const parts = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    for (let length = 0; length < text.length; length++) refused(text.slice(0, length));
    for (const wrong of [
      `${text}A`,
      `${text}=`,
      ` ${text}`,
      `${text}\n`,
      text.repeat(2),
      '.',
      'null',
      'A'.repeat(50_000),
    ]) {
      refused(wrong);
    }
    const replaced = (index: number, value: unknown) => encode(parts.with(index, value));
    expect(replaced(0, 1)).toBe(text);
    for (const value of [2, '1', null, [], {}]) refused(replaced(0, value));
    for (const value of ['-email', 'id; DROP TABLE users', null, 1, ['email']]) refused(replaced(1, value));
    for (const value of ['AFTER', 'toString', '<', null, 0]) refused(replaced(2, value));
    for (const value of [1, true, {}, [], 'a\0b', '\ud800']) refused(replaced(3, value));
    for (const value of ['1', '', null, `${CURSOR.id}'`, CURSOR.id.toUpperCase(), [CURSOR.id]])
      refused(replaced(4, value));
    for (const value of ['', null, 1, '__proto__']) refused(replaced(5, value));
    refused(encode([...parts, 1]));
    refused(encode(parts.slice(0, -1)));
    for (const value of [null, 1, 'x', {}, [], Object.assign({}, parts)]) refused(encode(value));
    refused(Buffer.from('[1,'.repeat(400)).toString('base64url'));
  });

  it('never makes anything but a refusal of arbitrary text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => encode(json)),
        ),
        (text) => refused(text),
      ),
    );
  });
});

describe('the links of a page', () => {
  it('keep the query, and cannot leave the Link header', () => {
    const links = pageLinks('/users?search=%3E%22%2C%0d%0a&limit=5&cursor=old', { nextCursor: 'n', prevCursor: null });
    expect(links).toEqual({
      self: { href: '/users?search=%3E%22%2C%0D%0A&limit=5&cursor=old' },
      first: { href: '/users?search=%3E%22%2C%0D%0A&limit=5' },
      next: { href: '/users?search=%3E%22%2C%0D%0A&limit=5&cursor=n' },
    });
    expect(linkHeader(links)).toBe(
      '</users?search=%3E%22%2C%0D%0A&limit=5&cursor=n>; rel="next", </users?search=%3E%22%2C%0D%0A&limit=5>; rel="first"',
    );
    expect(pageLinks('/users', { nextCursor: null, prevCursor: 'p' })).toMatchObject({
      self: { href: '/users' },
      prev: { href: '/users?cursor=p' },
    });
  });
});

describe('an instant (RFC 3339)', () => {
  it.each([
    ['2026-11-21T09:14:00Z', '2026-11-21T09:14:00.000Z'],
    ['2026-11-21t09:14:00.123456z', '2026-11-21T09:14:00.123Z'],
    ['2026-11-21T00:30:00+01:00', '2026-11-20T23:30:00.000Z'],
    ['2024-02-29T00:00:00-00:00', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59-23:59', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, iso) => expect(parseInstant(text)?.toISOString()).toBe(iso));

  it.each([
    '2026-11-21',
    '2026-11-21T09:14Z',
    '2026-11-21T09:14:00',
    '2026-11-21 09:14:00Z',
    '2026-11-21T09:14:00 01:00',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-11-00T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T09:14:60Z',
    '2026-11-21T09:14:00+24:00',
    '2026-11-21T09:14:00.Z',
    '12026-11-21T09:14:00Z',
    '2026-11-21T09:14:00Z\n',
    '1795250000',
    'now',
    'infinity',
    '',
  ])('%j is none', (text) => expect(parseInstant(text)).toBeUndefined());
});
