import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HashQueue, type Queued } from '../../src/auth/passwords/hash-pool/hash-queue.js';

interface Item extends Queued {
  readonly name: string;
}

/** `ada1` is an item of ada's; with `*`, from a known device. */
function item(name: string): Item {
  return { name, account: name.replace(/\d*\*?$/, ''), lane: name.endsWith('*') ? 'known' : 'other' };
}

function queueOf(...names: string[]): HashQueue<Item> {
  const queue = new HashQueue<Item>();
  for (const name of names) queue.push(item(name));
  return queue;
}

function drain(queue: HashQueue<Item>): string {
  const names: string[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) names.push(next.name);
  return names.join(' ');
}

describe('the queue of hashes', () => {
  it('lets accounts take turns, so that the flood of one delays another by one hash', () => {
    expect(drain(queueOf('eve1', 'eve2', 'eve3', 'eve4', 'ada1', 'bob1', 'ada2'))).toBe(
      'eve1 ada1 bob1 eve2 ada2 eve3 eve4',
    );
  });

  it('lets known devices go first, but for every fourth turn', () => {
    const names = ['eve1', 'eve2', 'eve3', 'ada1*', 'bob1*', 'cat1*', 'dan1*', 'fay1*'];
    expect(drain(queueOf(...names))).toBe('ada1* bob1* cat1* eve1 dan1* fay1* eve2 eve3');
  });

  it('counts only known devices, and the turns between them, before a known device', () => {
    const queue = queueOf('eve1', 'eve2', 'eve3', 'eve4');
    expect([queue.ahead('known'), queue.ahead('other')]).toEqual([0, 4]);
    for (const name of ['ada1*', 'bob1*', 'cat1*']) queue.push(item(name));
    expect([queue.ahead('known'), queue.ahead('other')]).toEqual([4, 7]);
  });

  it('makes room by taking the newest of the account that asks for most', () => {
    const queue = queueOf('eve1', 'ada1', 'eve2', 'eve3', 'ada2');
    expect(queue.makeRoomFor(item('bob1'))?.name).toBe('eve3');
    expect(drain(queue)).toBe('eve1 ada1 eve2 ada2');
  });

  it('makes no room for an account that would then ask for as much, nor out of the other lane', () => {
    expect(queueOf('eve1', 'eve2', 'ada1').makeRoomFor(item('ada2'))).toBeUndefined();
    expect(queueOf('eve1', 'ada1').makeRoomFor(item('bob1'))).toBeUndefined();
    expect(queueOf('eve1*', 'eve2*', 'eve3*').makeRoomFor(item('bob1'))).toBeUndefined();
    expect(queueOf('eve1', 'eve2', 'eve3').makeRoomFor(item('bob1*'))).toBeUndefined();
  });

  it('gives what was put back before anything else of its lane', () => {
    const queue = queueOf('eve1', 'ada1', 'eve2');
    const first = queue.shift();
    if (first) queue.putBack(first);
    expect(drain(queue)).toBe('eve1 ada1 eve2');
  });

  it('forgets what is removed, once', () => {
    const queue = queueOf('eve1');
    const ada = item('ada1');
    queue.push(ada);
    expect([queue.remove(ada), queue.remove(ada)]).toEqual([true, false]);
    expect(queue.size).toBe(1);
    expect(drain(queue)).toBe('eve1');
  });

  it('loses and repeats nothing, whatever is done with it', () => {
    const names = fc.constantFrom('ada1', 'ada2*', 'bob1', 'bob2*', 'eve1', 'eve2');
    const step = fc.oneof(
      names.map((name) => ({ do: 'push', name })),
      fc.constantFrom({ do: 'shift', name: '' }, { do: 'putBack', name: '' }, { do: 'makeRoom', name: 'bob1' }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new HashQueue<Item>();
        const inside = new Set<Item>();
        let out: Item | undefined;
        for (const { do: what, name } of steps) {
          if (what === 'push' || (what === 'putBack' && out)) {
            const one = what === 'push' || !out ? item(name) : out;
            if (what === 'push') queue.push(one);
            else queue.putBack(one);
            inside.add(one);
            out = undefined;
          } else {
            out = what === 'makeRoom' ? queue.makeRoomFor(item(name)) : queue.shift();
            if (out) expect(inside.delete(out)).toBe(true);
          }
          expect(queue.size).toBe(inside.size);
        }
      }),
    );
  });
});
