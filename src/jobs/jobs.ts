import { Injectable, type OnApplicationBootstrap, type BeforeApplicationShutdown } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import {
  type CronItem,
  Logger as WorkerLogger,
  parseCronItems,
  run,
  type Runner,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker';
import pg from 'pg';
import { pause } from '../async/pause.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { sessionAddress } from '../database/addresses.js';
import { sessionOptions } from '../database/data-source.js';
import { leaveReadOnly } from '../database/read-only.js';
import type { Transaction } from '../database/transaction.js';
import { InjectLog, type Log } from '../ops/log.js';
import { LivenessLocks } from './liveness-locks.js';

/** What a handler knows of the run of its job. */
export interface JobRun {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

export interface JobOptions {
  /** Replaces a job with the same key that has not started. */
  readonly key?: string;
  readonly maxAttempts?: number;
}

type JobHandler<Payload> = (payload: Payload, run: JobRun) => Promise<void>;

const CONCURRENCY = 4;
const SHUTDOWN_GRACE_MS = 4000;
const RESTART_AFTER_MS = 1000;

/**
 * Durable work. A job is enqueued in the caller's transaction and runs after its commit, at least once, so its handler must be
 * idempotent. A job whose handler throws is retried with backoff.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tasks: TaskList = {};
  private readonly schedule: CronItem[] = [];
  private pool: pg.Pool | undefined;
  private runner: Runner | undefined;
  private locks: LivenessLocks | undefined;
  private readonly ending = new AbortController();

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
  ) {}

  /** Registers the handler of the jobs of this name. To be called before the application has started. */
  handle<Payload>(name: string, handler: JobHandler<Payload>): void {
    this.tasks[name] = (payload, { job, abortPromise }) => {
      const done = handler(payload as Payload, { attempt: job.attempts, maxAttempts: job.max_attempts });
      // Work that hangs must not delay the end of the process: the job is released, and retried.
      return Promise.race([done, abortPromise]);
    };
  }

  /**
   * Registers a handler that runs on a schedule, in one replica at each time that `cron` names, in UTC. Times at which no server
   * ran are not made up for. To be called before the application has started.
   */
  handleOnSchedule(cron: string, name: string, handler: () => Promise<void>): void {
    this.handle(name, handler);
    this.schedule.push({ task: name, match: cron, options: { backfillPeriod: 0, maxAttempts: 3 } });
  }

  async enqueue(tx: Transaction, name: string, payload: object, options: JobOptions = {}): Promise<void> {
    await tx.query(
      'SELECT graphile_worker.add_job($1, payload := $2::json, job_key := $3::text, max_attempts := $4::int)',
      [name, payload, options.key ?? null, options.maxAttempts ?? null],
    );
  }

  /** Removes the jobs of this name whose payload contains these properties, also those that have failed for good. */
  async removeJobs(tx: Transaction, name: string, payload: object): Promise<void> {
    await tx.query(
      `DELETE FROM graphile_worker._private_jobs AS job USING graphile_worker._private_tasks AS task
       WHERE task.id = job.task_id AND task.identifier = $1 AND job.payload::jsonb @> $2::jsonb`,
      [name, payload],
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    this.pool = new pg.Pool({
      connectionString: sessionAddress(this.settings),
      max: CONCURRENCY + 2,
      application_name: 'roster jobs',
      ...sessionOptions(),
    });
    leaveReadOnly(this.pool);
    const lost = (err: Error) => {
      // The pool counts a connection as closed before it is: a database that stops right after us cuts it off.
      if (!this.isEnding()) this.log.warn({ err }, 'the job queue lost a database connection');
    };
    this.pool.on('error', lost);
    this.pool.on('connect', (client) => client.on('error', lost));
    await this.start(this.pool);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    // Rejects when the queue has stopped by itself.
    await this.runner?.stop().catch(() => undefined);
    await this.locks?.stop();
    await this.pool?.end();
    this.runner = this.locks = this.pool = undefined;
  }

  private async start(pool: pg.Pool): Promise<void> {
    const locks = (this.locks = new LivenessLocks(pool, this.log));
    const events = new EventEmitter() as WorkerEvents;
    events.on('pool:create', ({ workerPool }) => void locks.lockPool(workerPool.id));
    this.runner = await run({
      pgPool: pool,
      taskList: this.tasks,
      parsedCronItems: parseCronItems(this.schedule),
      concurrency: CONCURRENCY,
      noHandleSignals: true,
      events,
      logger: workerLogger(this.log),
      preset: {
        worker: {
          gracefulShutdownAbortTimeout: SHUTDOWN_GRACE_MS,
          // graphile-worker retries the recording of outcomes only for batches; without, a database that is away ends the process.
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
    const restart = () => void this.restart(pool);
    this.runner.promise.then(restart, restart);
  }

  /** The queue stops by itself when outcomes could not be recorded for minutes; its jobs are released. */
  private async restart(pool: pg.Pool): Promise<void> {
    while (!this.isEnding()) {
      await this.locks?.stop();
      await pause(RESTART_AFTER_MS, this.ending.signal);
      if (this.isEnding()) return;
      this.log.warn('the job queue has stopped; restarting it');
      try {
        await this.start(pool);
        return;
      } catch (err) {
        this.log.warn({ err }, 'could not start the job queue; retrying');
      }
    }
  }

  private isEnding(): boolean {
    return this.ending.signal.aborted;
  }
}

function workerLogger(log: Log): WorkerLogger {
  return new WorkerLogger(() => (level, message, meta) => {
    // graphile-worker logs every job at info; mails and use cases log what matters themselves.
    const method = level === 'error' ? 'error' : level === 'warning' ? 'warn' : 'debug';
    const err = (meta as { error?: unknown } | undefined)?.error;
    log[method](err === undefined ? {} : { err }, message);
  });
}
