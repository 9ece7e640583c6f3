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
import { newTraceId } from '../config/trace-id.js';
import { sessionAddress } from '../database/addresses.js';
import { sessionOptions } from '../database/data-source.js';
import { leaveReadOnly } from '../database/read-only.js';
import type { Transaction } from '../database/transaction.js';
import { InjectLog, type Log } from '../ops/log.js';
import { currentTraceparent, inSpan } from '../tracing/tracing.js';
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
  /** Jobs of one queue run one after the other, over all servers. */
  readonly queue?: string;
  /** In milliseconds: no sooner than that after now, by the clock of the database. */
  readonly afterMs?: number;
}

type JobHandler<Payload> = (payload: Payload, run: JobRun) => Promise<void>;

const CONCURRENCY = 4;
const SHUTDOWN_GRACE_MS = 4000;
const RESTART_AFTER_MS = 1000;
/** How often each worker polls. PostgreSQL notifies of new jobs, and `retryOnTime` of those that are to be retried by this server. */
const POLL_EVERY_MS = 30_000;
const RETRY_MARGIN_MS = 100;

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
      const work = () => handler(payload as Payload, { attempt: job.attempts, maxAttempts: job.max_attempts });
      const done = inSpan({ ...causeOf(payload), name: `job ${name}`, kind: 'consumer', facts: factsOf(job) }, work);
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
      `SELECT graphile_worker.add_job($1, payload := $2::json, job_key := $3::text, max_attempts := $4::int,
         queue_name := $5::text, run_at := clock_timestamp() + $6::float8 * interval '1 millisecond')`,
      [
        name,
        withCause(payload),
        options.key ?? null,
        options.maxAttempts ?? null,
        options.queue ?? null,
        options.afterMs ?? null,
      ],
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
    events.on('job:error', ({ job }) => this.retryOnTime(pool, job.attempts));
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
          pollInterval: POLL_EVERY_MS,
          // graphile-worker retries the recording of outcomes only for batches; without, a database that is away ends the process.
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
    const restart = () => void this.restart(pool);
    this.runner.promise.then(restart, restart);
  }

  /** Wakes the workers when graphile-worker lets them retry a job: e^attempts seconds after it failed, attempts being at most 10. */
  private retryOnTime(pool: pg.Pool, attempts: number): void {
    const waitMs = 1000 * Math.exp(Math.min(attempts, 10));
    if (waitMs > POLL_EVERY_MS) return;
    void pause(waitMs + RETRY_MARGIN_MS, this.ending.signal)
      .then(() => (this.isEnding() ? undefined : pool.query(`SELECT pg_notify('jobs:insert', '{"count": 1}')`)))
      // The next poll finds it.
      .catch(() => undefined);
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

/** The `traceparent` of what enqueued a job travels in its payload. */
interface Caused {
  readonly traceparent?: string;
}

function withCause(payload: object): object & Caused {
  const traceparent = currentTraceparent();
  return traceparent === undefined ? payload : { ...payload, traceparent };
}

/** Jobs of a schedule begin a trace. */
function causeOf(payload: unknown): { readonly parent?: string | undefined; readonly trace?: string } {
  const { traceparent } = (payload ?? {}) as Caused;
  return typeof traceparent === 'string' ? { parent: traceparent } : { trace: newTraceId() };
}

function factsOf({ attempts }: { readonly attempts: number }) {
  return { 'roster.job.attempt': attempts };
}

function workerLogger(log: Log): WorkerLogger {
  return new WorkerLogger(() => (level, message, meta) => {
    // graphile-worker logs every job at info; mails and use cases log what matters themselves.
    const method = level === 'error' ? 'error' : level === 'warning' ? 'warn' : 'debug';
    const err = (meta as { error?: unknown } | undefined)?.error;
    log[method](err === undefined ? {} : { err }, message);
  });
}
