import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newSealingKey, seal, unseal } from '../../src/database/sealing.js';

const KEY = randomBytes(32);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const label = fc.string({ unit: 'binary-ascii', maxLength: 40 });

describe('sealing (AES-256-GCM, NIST SP 800-38D)', () => {
  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(bytes, label, (plain, name) => {
        expect(unseal(KEY, seal(KEY, plain, name), name).equals(plain)).toBe(true);
      }),
    );
  });

  it('fails for any flipped bit of nonce, text or tag', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(7), (plain, at, bit) => {
        const sealed = seal(KEY, plain, 'label');
        const index = at % sealed.length;
        sealed[index] = (sealed[index] ?? 0) ^ (1 << bit);
        expect(() => unseal(KEY, sealed, 'label')).toThrow();
      }),
    );
  });

  it('fails under another label, so that no value can be moved to another place', () => {
    fc.assert(
      fc.property(bytes, label, label, (plain, right, wrong) => {
        fc.pre(right !== wrong);
        expect(() => unseal(KEY, seal(KEY, plain, right), wrong)).toThrow();
      }),
    );
  });

  it('fails under another key, be it one bit away', () => {
    const other = Buffer.from(KEY);
    other[31] = (other[31] ?? 0) ^ 1;
    const sealed = seal(KEY, Buffer.from('secret'), 'label');
    expect(() => unseal(other, sealed, 'label')).toThrow();
    expect(() => unseal(randomBytes(32), sealed, 'label')).toThrow();
  });

  it('fails for what was cut anywhere or has something added: a short tag is no tag', () => {
    const sealed = seal(KEY, Buffer.from('secret'), 'label');
    for (let length = 0; length < sealed.length; length++) {
      expect(() => unseal(KEY, sealed.subarray(0, length), 'label')).toThrow();
      expect(() => unseal(KEY, sealed.subarray(sealed.length - length), 'label')).toThrow();
    }
    expect(() => unseal(KEY, Buffer.concat([sealed, Buffer.alloc(1)]), 'label')).toThrow();
  });

  it('never gives the same bytes twice, nor shows what is inside', () => {
    const plain = Buffer.from('ada@example.com');
    const all = Array.from({ length: 500 }, () => seal(KEY, plain, 'label'));
    expect(new Set(all.map((sealed) => sealed.subarray(0, 12).toString('hex'))).size).toBe(500);
    expect(all.some((sealed) => sealed.includes(plain))).toBe(false);
  });
});

describe('a new key', () => {
  it('is of 32 bytes, like no other, and stays as it is while others are drawn', () => {
    const keys = Array.from({ length: 1000 }, newSealingKey);
    const written = keys.map((key) => key.toString('hex'));
    expect(new Set(written).size).toBe(1000);
    expect(keys.every((key) => key.length === 32)).toBe(true);
    Array.from({ length: 1000 }, newSealingKey);
    expect(keys.map((key) => key.toString('hex'))).toEqual(written);
  });
});
