/** Writes many at a time what comes one by one: whatever comes while one batch is under way goes with the next. */
export class Batches<Item> {
  private waiting: Item[] = [];
  private next: Promise<void> | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly write: (items: readonly Item[]) => Promise<void>) {}

  /** Returns when it is written. @throws what `write` throws for the batch that it is in */
  add(item: Item): Promise<void> {
    this.waiting.push(item);
    if (!this.next) {
      this.next = this.last.then(() => this.writeWaiting());
      this.last = this.next.catch(() => undefined);
    }
    return this.next;
  }

  private writeWaiting(): Promise<void> {
    const items = this.waiting;
    this.waiting = [];
    this.next = undefined;
    return this.write(items);
  }
}
