import { describe, expect, it } from '@jest/globals';
import { USER_EVENTS } from '../../src/events/catalogue.js';
import { type EventRow, toEvent } from '../../src/events/event-log.js';
import { type EventShapes, NewerEvent, upcast } from '../../src/events/upcast.js';

// A catalogue as a later release could have it; what it reads was written in each of its versions.
const LATER: EventShapes = {
  'user.suspended': {
    version: 3,
    upcast: {
      // Version 2 said why by a code beside the words, version 3 put both into one object.
      1: ({ reason }) => ({ code: reason === null ? 'unknown' : 'other', reason }),
      2: ({ code, reason }) => ({ because: { code, words: reason } }),
    },
  },
  'user.deleted': { version: 2 },
};
const row = (schema_version: number, type = 'user.suspended') => ({ id: 'event-1', type, schema_version });

describe('an older version of an event', () => {
  it.each([
    [1, { reason: 'Spam.' }, { because: { code: 'other', words: 'Spam.' } }],
    [1, { reason: null }, { because: { code: 'unknown', words: null } }],
    [2, { code: 'abuse', reason: 'Spam.' }, { because: { code: 'abuse', words: 'Spam.' } }],
    [3, { because: { code: 'abuse', words: null } }, { because: { code: 'abuse', words: null } }],
  ])('%i is led step by step to the newest', (version, data, expected) => {
    const stored = Object.freeze(structuredClone(data));
    expect(upcast(row(version), stored, LATER)).toEqual({ version: 3, data: expected });
    expect(stored).toEqual(data);
  });

  it('says the version of the data that it has come to, and of the row everything else', () => {
    const stored: EventRow = {
      ...{ id: 'event-1', user_id: 'user-1', user_version: 4, type: 'user.suspended', schema_version: 1 },
      ...{ actor: { kind: 'system' }, trace_id: 'trace', occurred_at: new Date(0), data: { reason: null } },
      ...{ personal: null, previous_hash: null, key_id: 'k1', hash: Buffer.alloc(0) },
    };
    expect(toEvent(stored, () => ({ reason: 'Spam.' }), LATER)).toMatchObject({
      id: 'event-1',
      userVersion: 4,
      version: 3,
      data: { because: { code: 'other', words: 'Spam.' } },
    });
  });

  it('without a way to the newest is an error, not a guess', () => {
    expect(() => upcast(row(1, 'user.deleted'), {}, LATER)).toThrow('user.deleted has no upcaster from version 1 to 2');
  });
});

describe('an event of a newer release', () => {
  it('is an error that says what to do, by version and by type', () => {
    const newer = { ...row(USER_EVENTS['user.suspended'].version + 1), id: 'event-7' };
    expect(() => upcast(newer, {})).toThrow(NewerEvent);
    expect(() => upcast(newer, {})).toThrow(
      /^Event event-7 is user\.suspended in version 2, .*up to version 1.*newer release/,
    );
    for (const type of ['user.cloned', 'toString', '__proto__']) {
      expect(() => upcast(row(1, type), {})).toThrow(/knows no such type.*newer release/);
    }
  });
});

describe('the catalogue', () => {
  it.each(Object.entries(USER_EVENTS))(
    'leads every older version of %s to the newest',
    (_type, { version, upcast: steps }) => {
      const from = Array.from({ length: version - 1 }, (_, index) => String(index + 1));
      expect(Object.keys(steps ?? {})).toEqual(from);
    },
  );
});
