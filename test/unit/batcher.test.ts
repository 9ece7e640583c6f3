import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Batcher } from '../../src/async/batcher.js';

/** Writes that end when they are told to. */
function slowWrites() {
  const begun: { items: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const batcher = new Batcher<string>((items) => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    begun.push({ items, end: () => resolve(undefined), fail: reject });
    return promise.then(() => undefined);
  });
  return { batcher, begun };
}

describe('What is written many at a time', () => {
  it('begins at once, and goes together where it came while something was written', async () => {
    const { batcher, begun } = slowWrites();
    const first = batcher.submit('a');
    await settled();
    const second = batcher.submit('b');
    const third = batcher.submit('c');
    expect(begun.map(({ items }) => items)).toEqual([['a']]);
    begun[0]!.end();
    await first;
    await settled();
    expect(begun.map(({ items }) => items)).toEqual([['a'], ['b', 'c']]);
    begun[1]!.end();
    await Promise.all([second, third]);
    expect(begun).toHaveLength(2);
  });

  it('tells those of a batch that failed, and no others', async () => {
    const { batcher, begun } = slowWrites();
    const first = batcher.submit('a');
    await settled();
    const second = batcher.submit('b');
    const failed = expect(first).rejects.toThrow('the disk is full');
    begun[0]!.fail(new Error('the disk is full'));
    await failed;
    await settled();
    begun[1]!.end();
    await expect(second).resolves.toBeUndefined();
  });
});
