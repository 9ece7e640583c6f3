import { Injectable } from '@nestjs/common';
import { SECRET_KEY_REPLACED } from '../../database/key-errors.js';
import { Keyring } from '../../database/keyring.js';
import { Wakeup } from '../../async/wakeup.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { RevocationReader } from './revocation-reader.js';

/** While requests come, the table is read about so often. */
const READ_EVERY_MS = 50;
/** Nothing is answered from memory by a look at the table that began longer ago. */
const TRUSTED_FOR_MS = 100;
/** Beyond so many, everything remembered is asked for again rather than told apart. */
const REMEMBERED = 10_000;

/**
 * What was revoked: sessions that ended, users with another role or status. Whoever remembers a state tests it by this on every
 * use. So whatever was committed on any server more than 100 ms before a request, and on this one at all, counts for it. No
 * message has to arrive for that; hints only make it sooner.
 *
 * An epoch is a look at the table. A state that was loaded at epoch 7, which is to say after look 7 and before look 8, has seen
 * everything that look 7 found, and does not count any more once look 8 or a later one finds something new about it.
 */
@Injectable()
export class Revocations {
  /** Wakes when something was revoked here, for those who tell other servers. */
  readonly made = new Wakeup();
  private now = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private mustSee = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;
  private cursor: string | undefined;
  private known: ReadonlySet<string> = new Set();
  private readonly revokedAt = new Map<string, number>();
  private floor = 0;

  constructor(
    private readonly reader: RevocationReader,
    private readonly keyring: Keyring,
    @InjectLog() private readonly log: Log,
  ) {}

  /** To be asked for before a state is loaded. */
  get epoch(): number {
    return this.now;
  }

  /** Whether a state that was loaded at this epoch still counts, as far as these users and sessions are concerned. */
  spare(epoch: number, ...subjects: readonly string[]): boolean {
    return epoch >= this.floor && subjects.every((subject) => (this.revokedAt.get(subject) ?? 0) <= epoch);
  }

  /**
   * To be awaited before `spare` is asked; undefined, so that nobody waits, when the table was looked at just now.
   * @throws whatever says that the database cannot be asked: then nobody can know, and nothing may be let in
   */
  fresh(): Promise<void> | undefined {
    const now = performance.now();
    if (this.lookedAt <= this.mustSee || now - this.lookedAt > TRUSTED_FOR_MS) {
      return this.readSince(Math.max(this.mustSee, now - TRUSTED_FOR_MS));
    }
    if (now - this.lookedAt > READ_EVERY_MS && !this.looking) this.readInBackground();
    return undefined;
  }

  /** To be called after a commit that revoked something: the next request on this server finds it. */
  readonly expire = (): void => {
    this.mustSee = performance.now();
    this.made.wake();
  };

  /** Waits for a look at the table that begins after this call. @throws as `fresh` */
  readNow(): Promise<void> {
    return this.readSince(performance.now());
  }

  /** Looks without anybody waiting for it. */
  readInBackground(): void {
    // Whoever waits for the next one is told why it failed.
    this.readNow().catch(() => undefined);
  }

  /** Waits for a look that began after `time`; all who wait share one. */
  private async readSince(time: number): Promise<void> {
    while (this.lookedAt <= time) {
      await (this.looking ??= this.read().finally(() => (this.looking = undefined)));
    }
  }

  private async read(): Promise<void> {
    const began = performance.now();
    const { cursor, missed, revocations } = await this.reader.read(this.cursor);
    const fresh = revocations.filter(({ id }) => !this.known.has(id));
    if (missed || fresh.some(({ kind }) => kind === 'keys')) await this.reloadKeys();
    const epoch = this.now + 1;
    if (missed || this.revokedAt.size > REMEMBERED) {
      this.floor = epoch;
      this.revokedAt.clear();
    }
    for (const { subject } of fresh) if (subject !== null) this.revokedAt.set(subject, epoch);
    this.known = new Set(revocations.map(({ id }) => id));
    this.cursor = cursor;
    this.now = epoch;
    this.lookedAt = began;
  }

  private async reloadKeys(): Promise<void> {
    const knew = this.keyring.isSecretReplaced;
    await this.keyring.reload();
    if (this.keyring.isSecretReplaced && !knew) this.log.error(SECRET_KEY_REPLACED);
  }
}
