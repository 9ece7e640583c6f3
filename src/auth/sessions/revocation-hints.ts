import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { KEYS_CHANNEL } from '../../database/keyring.js';
import { OwnConnection } from '../../database/own-connection.js';
import { refuseStandby } from '../../database/read-only.js';
import { Revocations } from './revocations.js';

const CHANNEL = 'roster_revocations';
/** Reads without a hint: detects a lost connection, and lets an idle server learn of new keys. */
const AT_LEAST_EVERY_MS = 15_000;
const ANSWER_WITHIN_MS = 5000;

/** Notifies other servers of revocations, and is notified by them. An optimisation only: see `Revocations`. */
@Injectable()
export class RevocationHints implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly connection: OwnConnection;
  private told = 0;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly revocations: Revocations,
  ) {
    // A lost hint only costs milliseconds: not worth a log line.
    const parts = { name: 'roster hints', answerWithinMs: ANSWER_WITHIN_MS };
    this.connection = new OwnConnection(settings, { ...parts, serve: (client) => this.serve(client) });
  }

  onApplicationBootstrap(): void {
    this.connection.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.stop();
  }

  private async serve(client: pg.Client): Promise<void> {
    const { ending } = this.connection;
    const { made } = this.revocations;
    client.on('notification', () => this.revocations.readInBackground());
    await client.query(`LISTEN ${CHANNEL}; LISTEN ${KEYS_CHANNEL}`);
    while (!ending.aborted) {
      this.revocations.readInBackground();
      const hinted = await made.waitAfter(this.told, AT_LEAST_EVERY_MS, ending);
      this.told = made.count;
      if (hinted) await client.query(`NOTIFY ${CHANNEL}`);
      else await refuseStandby(client);
    }
  }
}
