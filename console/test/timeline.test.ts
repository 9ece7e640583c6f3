import { describe, expect, it } from '@jest/globals';
import type { HistoryItem, MailItem, SignInItem } from '../src/api/schema.js';
import { type Kind, mergeTimeline, type ReadList } from '../src/person/timeline.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 28, 10, 0, second)).toISOString();

const change = (second: number) => ({ id: `change-${second}`, occurredAt: at(second) }) as HistoryItem;
const signIn = (second: number, last = second) =>
  ({ id: `sign-in-${second}`, occurredAt: at(second), lastAt: at(last) }) as SignInItem;
const mail = (second: number) => ({ id: `mail-${second}`, createdAt: at(second) }) as MailItem;

const ids = (lists: readonly ReadList[]) => mergeTimeline(lists).entries.map(({ item }) => item.id);

describe('the timeline of a person', () => {
  it('is one list, the newest first', () => {
    expect(
      ids([
        { kind: 'changes', items: [change(9), change(2)], hasMore: false },
        { kind: 'signIns', items: [signIn(7)], hasMore: false },
        { kind: 'mails', items: [mail(8), mail(1)], hasMore: false },
      ]),
    ).toEqual(['change-9', 'mail-8', 'sign-in-7', 'change-2', 'mail-1']);
  });

  it('holds back what is older than the end of a list that goes on', () => {
    const timeline = mergeTimeline([
      { kind: 'changes', items: [change(9), change(6)], hasMore: true },
      { kind: 'signIns', items: [signIn(8), signIn(5), signIn(3)], hasMore: false },
      { kind: 'mails', items: [mail(7), mail(1)], hasMore: true },
    ]);
    expect(timeline.entries.map(({ item }) => item.id)).toEqual(['change-9', 'sign-in-8', 'mail-7', 'change-6']);
    expect(timeline.next).toEqual(['changes']);
  });

  it('has failures that were counted together where the last of them happened', () => {
    const lists = (hasMore: boolean): ReadList[] => [
      { kind: 'changes', items: [change(130), change(30)], hasMore: false },
      { kind: 'signIns', items: [signIn(140), signIn(60, 70), signIn(0, 59)], hasMore },
    ];
    expect(ids(lists(false))).toEqual(['sign-in-140', 'change-130', 'sign-in-60', 'sign-in-0', 'change-30']);
    // What has not been read may have begun at 0 and ended at 59.
    expect(ids(lists(true))).toEqual(['sign-in-140', 'change-130', 'sign-in-60']);
  });

  it('tells nothing before each list has been read once', () => {
    const timeline = mergeTimeline([
      { kind: 'changes', items: [], hasMore: true },
      { kind: 'mails', items: [mail(7)], hasMore: false },
    ]);
    expect(timeline).toEqual({ entries: [], next: ['changes'] });
  });

  it('tells a list that is alone to its end', () => {
    expect(ids([{ kind: 'mails', items: [mail(3), mail(2)], hasMore: true }])).toEqual(['mail-3', 'mail-2']);
  });

  it('has nothing next once all are read', () => {
    expect(mergeTimeline([{ kind: 'mails', items: [mail(3)], hasMore: false }]).next).toEqual([]);
  });

  it('keeps the order of the API where a clock went back', () => {
    expect(ids([{ kind: 'changes', items: [change(3), change(5), change(2)], hasMore: false }])).toEqual([
      'change-3',
      'change-5',
      'change-2',
    ]);
  });

  it('has an item once that came with two pages', () => {
    expect(ids([{ kind: 'mails', items: [mail(3), mail(2), mail(2), mail(1)], hasMore: false }])).toEqual([
      'mail-3',
      'mail-2',
      'mail-1',
    ]);
  });

  it('read page by page loses nothing, doubles nothing, and never puts anything above what it has told', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const whole = {
        changes: seconds(random).map((second) => change(second * 40)),
        signIns: seconds(random).map((second) => signIn(second * 60, second * 60 + Math.floor(random() * 60))),
        mails: seconds(random).map((second) => mail(second * 60)),
      };
      const read: Record<Kind, number> = { changes: 0, signIns: 0, mails: 0 };
      let told: string[] = [];
      for (let step = 0; step < 100; step++) {
        const lists = (['changes', 'signIns', 'mails'] as const).map(
          (kind) =>
            ({ kind, items: whole[kind].slice(0, read[kind]), hasMore: read[kind] < whole[kind].length }) as ReadList,
        );
        const { entries, next } = mergeTimeline(lists);
        const now = entries.map(({ item }) => item.id);
        expect(now.slice(0, told.length)).toEqual(told);
        told = now;
        if (next.length === 0) break;
        for (const kind of next) read[kind] += 3;
      }
      const all = [...whole.changes, ...whole.signIns, ...whole.mails].map(({ id }) => id);
      expect([...told].sort()).toEqual(all.sort());
    }
  });
});

/** Numbers that look random and are the same each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Some distinct seconds of one minute, the newest first; many lists share some. */
function seconds(random: () => number): number[] {
  const some = new Set(Array.from({ length: Math.floor(random() * 25) }, () => Math.floor(random() * 30)));
  return [...some].sort((one, other) => other - one);
}
