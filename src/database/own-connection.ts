import pg from 'pg';
import { pause, waitAtMost } from '../async/pause.js';
import type { Settings } from '../config/settings.js';
import { sessionAddress } from './addresses.js';
import { refuseStandby } from './read-only.js';
import { settleSession } from './session.js';

const RECONNECT_AFTER_MS = 500;
const END_WITHIN_MS = 2000;

export interface OwnConnectionParts {
  /** The `application_name` in PostgreSQL. */
  readonly name: string;
  /** A server that is silent for this long is considered lost. */
  readonly answerWithinMs: number;
  /** The work on the connection, until it is lost or `ending` is aborted. */
  readonly serve: (client: pg.Client) => Promise<void>;
  /** Receives the error that ended `serve`, except during shutdown. */
  readonly onLoss?: (error: unknown) => void;
}

/**
 * A dedicated connection for session-bound features: advisory locks and LISTEN. It bypasses a pooler and is reopened whenever it is
 * lost.
 */
export class OwnConnection {
  private readonly ended = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly settings: Pick<Settings, 'DATABASE_URL' | 'DATABASE_DIRECT_URL'>,
    private readonly parts: OwnConnectionParts,
  ) {}

  /** Aborted by `stop`. */
  get ending(): AbortSignal {
    return this.ended.signal;
  }

  start(): void {
    this.running = this.run();
  }

  /** Waits up to two seconds for pending work. */
  async stop(): Promise<void> {
    this.ended.abort();
    await waitAtMost(END_WITHIN_MS, this.running);
  }

  /** Until the time has passed or shutdown begins. */
  async pause(ms: number): Promise<void> {
    await pause(ms, this.ending);
  }

  private async run(): Promise<void> {
    const { name, answerWithinMs, serve, onLoss } = this.parts;
    while (!this.isEnding()) {
      const client = new pg.Client({
        connectionString: sessionAddress(this.settings),
        application_name: name,
        keepAlive: true,
        connectionTimeoutMillis: answerWithinMs,
        query_timeout: answerWithinMs,
      });
      // The next query reports it; without a listener, the process would end.
      client.on('error', () => undefined);
      try {
        await client.connect();
        await settleSession(client);
        await refuseStandby(client);
        await serve(client);
      } catch (error) {
        if (!this.isEnding()) onLoss?.(error);
      }
      // On a dead network, closing a connection is never confirmed.
      await waitAtMost(
        RECONNECT_AFTER_MS,
        client.end().catch(() => undefined),
      );
      await this.pause(RECONNECT_AFTER_MS);
    }
  }

  private isEnding(): boolean {
    return this.ended.signal.aborted;
  }
}
