import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import pg from 'pg';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Revocations } from './revocations.js';

const CHANNEL = 'roster_revocations';
/** Without a hint: shows a connection that was cut, and lets a server without requests hear of new keys. */
const AT_LEAST_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 5000;
const RECONNECT_AFTER_MS = 1000;
const END_WITHIN_MS = 2000;

/** Tells the other servers to look for revocations now, and hears it from them. Nothing hangs on it: see `Revocations`. */
@Injectable()
export class RevocationHints implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private running: Promise<void> | undefined;
  private told = 0;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly revocations: Revocations,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.race([this.running, sleep(END_WITHIN_MS, undefined, { ref: false })]);
  }

  private async run(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      const client = new pg.Client({
        connectionString: this.settings.DATABASE_DIRECT_URL ?? this.settings.DATABASE_URL,
        application_name: 'roster hints',
        keepAlive: true,
        connectionTimeoutMillis: ANSWER_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
      });
      client.on('error', () => undefined);
      // A lost hint costs some milliseconds: nothing that anybody has to read about.
      await this.serve(client).catch(() => undefined);
      await Promise.race([client.end().catch(() => undefined), sleep(RECONNECT_AFTER_MS, undefined, { ref: false })]);
      await sleep(RECONNECT_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async serve(client: pg.Client): Promise<void> {
    const { signal } = this.ending;
    const { made } = this.revocations;
    client.on('notification', () => this.revocations.look());
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    while (!signal.aborted) {
      this.revocations.look();
      const hinted = await made.after(this.told, AT_LEAST_EVERY_MS, signal);
      this.told = made.given;
      await client.query(hinted ? `NOTIFY ${CHANNEL}` : 'SELECT 1');
    }
  }
}
