import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chainHash } from '../../src/events/event-log.js';

type Row = Parameters<typeof chainHash>[0];

const KEY = Buffer.alloc(32, 7);
const ROW: Row = {
  id: '01920000-0000-7000-8000-00000000000a',
  user_id: '01920000-0000-7000-8000-000000000001',
  user_version: 2,
  type: 'user.role_changed',
  schema_version: 1,
  actor: { kind: 'user', id: '01920000-0000-7000-8000-000000000002', role: 'ADMIN' },
  trace_id: 'trace',
  occurred_at: new Date('2026-01-01T00:00:00.000Z'),
  data: { from: 'AUTHENTICATED', to: 'MANAGER', nested: { list: [1, 2] } },
  personal: Buffer.from('sealed'),
  previous_hash: Buffer.alloc(32, 1),
  key_id: 'k1',
};
const hash = (row: Row, key = KEY) => chainHash(row, key).toString('hex');

/** Other values for every field of a row; a field without an entry does not compile. */
const OTHER: { [Field in keyof Row]-?: fc.Arbitrary<Row[Field]> } = {
  id: fc.uuid(),
  user_id: fc.uuid(),
  user_version: fc.nat(),
  type: fc.constantFrom('user.created', 'user.email_verified', 'user.erased', 'user.role_changed'),
  schema_version: fc.nat(9),
  actor: fc.constantFrom<Row['actor']>(
    { kind: 'system' },
    { kind: 'anonymous' },
    { kind: 'user', id: '01920000-0000-7000-8000-000000000002', role: 'MANAGER' },
    { kind: 'user', id: '01920000-0000-7000-8000-000000000003', role: 'ADMIN' },
  ),
  trace_id: fc.string(),
  occurred_at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
  data: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>),
  personal: fc.option(fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes))),
  previous_hash: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))),
  key_id: fc.string(),
};

const plain = (value: unknown) => JSON.stringify(Buffer.isBuffer(value) ? value.toString('hex') : value);

describe('the hash of an event in its chain', () => {
  it.each(Object.keys(ROW) as (keyof Row)[])('changes with %s', (field) => {
    fc.assert(
      fc.property(OTHER[field], (value) => {
        fc.pre(plain(value) !== plain(ROW[field]));
        expect(hash({ ...ROW, [field]: value })).not.toBe(hash(ROW));
      }),
    );
  });

  it('tells two events apart whenever any field differs', () => {
    const row = fc.record(OTHER) as fc.Arbitrary<Row>;
    fc.assert(
      fc.property(row, fc.constantFrom(...(Object.keys(ROW) as (keyof Row)[])), row, (left, field, right) => {
        fc.pre(plain(left[field]) !== plain(right[field]));
        expect(hash({ ...left, [field]: right[field] })).not.toBe(hash(left));
      }),
    );
  });

  it('changes with one bit of the sealed data, of the hash before, and deep inside data', () => {
    expect(hash({ ...ROW, personal: Buffer.from('sealee') })).not.toBe(hash(ROW));
    const before = Buffer.alloc(32, 1);
    before[31] = 0;
    expect(hash({ ...ROW, previous_hash: before })).not.toBe(hash(ROW));
    expect(hash({ ...ROW, data: { ...ROW.data, nested: { list: [2, 1] } } })).not.toBe(hash(ROW));
    expect(hash({ ...ROW, data: { ...ROW.data, more: null } })).not.toBe(hash(ROW));
  });

  it('tells nothing from empty, and does not let a value slip from one field into the next', () => {
    expect(hash({ ...ROW, personal: null })).not.toBe(hash({ ...ROW, personal: Buffer.alloc(0) }));
    expect(hash({ ...ROW, trace_id: 'ab', key_id: 'c' })).not.toBe(hash({ ...ROW, trace_id: 'a', key_id: 'bc' }));
    expect(hash({ ...ROW, trace_id: '","type":"x' })).not.toBe(hash({ ...ROW, trace_id: '', key_id: 'k1' }));
  });

  it('does not depend on the order of fields, in which PostgreSQL keeps its own (RFC 8785)', () => {
    const reversed = Object.fromEntries(Object.entries(ROW).reverse()) as unknown as Row;
    const data = { nested: { list: [1, 2] }, to: 'MANAGER', from: 'AUTHENTICATED' };
    expect(hash({ ...reversed, data })).toBe(hash(ROW));
  });

  it('cannot be made without the key, and is 32 bytes', () => {
    expect(hash(ROW, Buffer.alloc(32, 8))).not.toBe(hash(ROW));
    expect(chainHash(ROW, KEY)).toHaveLength(32);
  });
});
