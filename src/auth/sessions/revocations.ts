import { Injectable } from '@nestjs/common';
import { SECRET_KEY_REPLACED } from '../../database/key-errors.js';
import { Keyring } from '../../database/keyring.js';
import { Wakeup } from '../../async/wakeup.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { RevocationReader } from './revocation-reader.js';

/** Read interval of the table while there are requests. */
const READ_EVERY_MS = 50;
/** Maximum age of a read on which cached states may rely. */
const TRUSTED_FOR_MS = 100;
/** Beyond this number, all cached states are reloaded instead of tracked individually. */
const REMEMBERED = 10_000;

/**
 * Revocations: ended sessions, and users whose role or status changed. Caches of states check them on every use. So every change
 * that was committed on any server more than 100 ms before a request takes effect for it, and on this server immediately. That does
 * not depend on notifications; hints only make it faster.
 *
 * An epoch is a read of the table. A state loaded at epoch 7, which is after read 7 and before read 8, includes everything that
 * read 7 found, and becomes void once read 8 or a later one finds something new about it.
 */
@Injectable()
export class Revocations {
  /** Wakes on a revocation by this server, to notify the others. */
  readonly made = new Wakeup();
  /** Wakes when a read found revocations, of any server. */
  readonly found = new Wakeup();
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

  /** The current epoch; read it before loading a state. */
  get epoch(): number {
    return this.now;
  }

  /** Whether a state loaded at this epoch is still valid with regard to these users and sessions. */
  spare(epoch: number, ...subjects: readonly string[]): boolean {
    return epoch >= this.floor && subjects.every((subject) => (this.revokedAt.get(subject) ?? 0) <= epoch);
  }

  /**
   * Await this before calling `spare`; undefined, to avoid waiting, if the table was read recently.
   * @throws the error if the database is unavailable: nobody may be let in without knowing
   */
  fresh(): Promise<void> | undefined {
    const now = performance.now();
    if (this.lookedAt <= this.mustSee || now - this.lookedAt > TRUSTED_FOR_MS) {
      return this.readSince(Math.max(this.mustSee, now - TRUSTED_FOR_MS));
    }
    if (now - this.lookedAt > READ_EVERY_MS && !this.looking) this.readInBackground();
    return undefined;
  }

  /** Call this after a commit that revoked something, so that the next request on this server finds it. */
  readonly expire = (): void => {
    this.mustSee = performance.now();
    this.made.wake();
  };

  /** Waits for a read that begins after this call. @throws as `fresh` */
  readNow(): Promise<void> {
    return this.readSince(performance.now());
  }

  /** Reads without waiting. */
  readInBackground(): void {
    // The next caller that waits gets the error.
    this.readNow().catch(() => undefined);
  }

  /** Waits for a read that began after `time`; concurrent callers share one. */
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
    if (missed || fresh.length > 0) this.found.wake();
  }

  private async reloadKeys(): Promise<void> {
    const knew = this.keyring.isSecretReplaced;
    await this.keyring.reload();
    if (this.keyring.isSecretReplaced && !knew) this.log.error(SECRET_KEY_REPLACED);
  }
}
