/** Writes single items in batches: what is submitted during one write goes into the next. */
export class Batcher<Item> {
  private waiting: Item[] = [];
  private next: Promise<void> | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly writeBatch: (items: readonly Item[]) => Promise<void>) {}

  /** Returns when the item is written. @throws what `writeBatch` throws for the batch that the item is in */
  submit(item: Item): Promise<void> {
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
    return this.writeBatch(items);
  }
}
