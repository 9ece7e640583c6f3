import type { HashLane } from './hash-request.js';

export interface Queued {
  readonly account: string;
  readonly lane: HashLane;
}

/** Every n-th turn goes to the other lane if both have requests waiting. */
const TURNS = 4;

/**
 * A fair queue. Known devices go first, except for every fourth turn, so that a known device cannot starve everybody else; within a
 * lane, accounts take turns, however many requests one of them has.
 */
export class HashQueue<Item extends Queued> {
  private readonly lanes = { known: new Turns<Item>(), other: new Turns<Item>() };
  private turn = 0;

  get size(): number {
    return this.lanes.known.size + this.lanes.other.size;
  }

  /** Number of requests ahead of a new one, ignoring accounts. */
  ahead(lane: HashLane): number {
    const { known, other } = this.lanes;
    if (lane === 'other') return known.size + other.size;
    return known.size + Math.min(other.size, Math.floor(known.size / (TURNS - 1)));
  }

  push(item: Item): void {
    this.lanes[item.lane].push(item);
  }

  /** Puts it first in its lane again, after a turn that was lost. */
  putBack(item: Item): void {
    this.lanes[item.lane].putBack(item);
  }

  shift(): Item | undefined {
    const { known, other } = this.lanes;
    this.turn = (this.turn + 1) % TURNS;
    return this.turn === 0 ? (other.shift() ?? known.shift()) : (known.shift() ?? other.shift());
  }

  /** @returns whether it was waiting */
  remove(item: Item): boolean {
    return this.lanes[item.lane].remove(item);
  }

  /**
   * Evicts the newest request of the account with the most requests in the lane of `item`, if it would still have more than the
   * account of `item`, so that a full queue is shared fairly rather than first come, first served.
   */
  makeRoomFor(item: Queued): Item | undefined {
    const newest = this.canMakeRoomFor(item);
    if (newest) this.remove(newest);
    return newest;
  }

  /** @returns what `makeRoomFor` would evict */
  canMakeRoomFor({ lane, account }: Queued): Item | undefined {
    return this.lanes[lane].canMakeRoomFor(account);
  }
}

/** One lane: the accounts in the order of their turns, each with its requests, oldest first. */
class Turns<Item extends Queued> {
  private accounts = new Map<string, Item[]>();
  size = 0;

  push(item: Item): void {
    const waiting = this.accounts.get(item.account);
    if (waiting) waiting.push(item);
    else this.accounts.set(item.account, [item]);
    this.size++;
  }

  putBack(item: Item): void {
    const waiting = this.accounts.get(item.account) ?? [];
    this.accounts.delete(item.account);
    this.accounts = new Map([[item.account, [item, ...waiting]], ...this.accounts]);
    this.size++;
  }

  shift(): Item | undefined {
    const [next] = this.accounts;
    if (!next) return undefined;
    const [account, waiting] = next;
    const item = waiting.shift();
    this.accounts.delete(account);
    if (waiting.length > 0) this.accounts.set(account, waiting);
    this.size--;
    return item;
  }

  remove(item: Item): boolean {
    const waiting = this.accounts.get(item.account) ?? [];
    const at = waiting.indexOf(item);
    if (at < 0) return false;
    waiting.splice(at, 1);
    if (waiting.length === 0) this.accounts.delete(item.account);
    this.size--;
    return true;
  }

  canMakeRoomFor(account: string): Item | undefined {
    let most: Item[] = [];
    for (const waiting of this.accounts.values()) if (waiting.length > most.length) most = waiting;
    if (most.length <= (this.accounts.get(account)?.length ?? 0) + 1) return undefined;
    return most.at(-1);
  }
}
