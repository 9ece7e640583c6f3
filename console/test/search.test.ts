import { describe, expect, it } from '@jest/globals';
import { flag, oneOf, parseSearch, severalOf, stringifySearch, text } from '../src/app/search.js';

describe('an address', () => {
  it('keeps text as it is, and several values by commas', () => {
    const written = stringifySearch({
      q: '007',
      status: ['ACTIVE', 'LOCKED'],
      deleted: true,
      page: undefined,
      sort: '',
    });
    expect(written).toBe('?q=007&status=ACTIVE%2CLOCKED&deleted=true');
    const read = parseSearch(written);
    expect(text(read['q'])).toBe('007');
    expect(severalOf(read['status'], ['ACTIVE', 'LOCKED', 'DELETED'])).toEqual(['ACTIVE', 'LOCKED']);
    expect(flag(read['deleted'])).toBe(true);
  });

  it('without values is empty', () => {
    expect(stringifySearch({ q: undefined, deleted: false, status: [] })).toBe('');
  });

  it('that was mistyped loses what is no value', () => {
    expect(severalOf('ACTIVE,NONSENSE', ['ACTIVE'])).toEqual(['ACTIVE']);
    expect(severalOf('NONSENSE', ['ACTIVE'])).toBeUndefined();
    expect(oneOf('up', ['newest', 'oldest'])).toBeUndefined();
    expect(flag('yes')).toBeUndefined();
  });
});
