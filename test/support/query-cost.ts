import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource, type Logger } from 'typeorm';
import { Statements } from '../../src/database/statements.js';
import type { TestDatabase } from './database.js';

export interface Query {
  readonly sql: string;
  readonly values: unknown[];
}

/** What the application sends to PostgreSQL while `work` is done. */
export async function queriesOf(app: NestFastifyApplication, work: () => Promise<unknown>): Promise<Query[]> {
  const dataSource = app.get(DataSource, { strict: false });
  const silent = dataSource.logger;
  const sent: Query[] = [];
  const recorder: Partial<Logger> = {
    logQuery: (sql, values) => void sent.push({ sql, values: (values ?? []) as unknown[] }),
  };
  dataSource.logger = recorder as Logger;
  // They pass TypeORM by.
  const { read, execute } = Statements.prototype;
  const recording = (send: typeof read): typeof read =>
    function (this: Statements, statement, values) {
      sent.push({ sql: statement.text, values: [...values] });
      return send.call(this, statement, values) as never;
    };
  Object.assign(Statements.prototype, { read: recording(read), execute: recording(execute) });
  await work().finally(() => {
    dataSource.logger = silent;
    Object.assign(Statements.prototype, { read, execute });
  });
  return sent;
}

/** What PostgreSQL touched for a query: the same on every machine. */
export interface QueryCost {
  /** Of the step that looked at most of them, with those that it left out. */
  readonly rows: number;
  /** Pages of 8 kB, from memory or not. */
  readonly buffers: number;
  readonly steps: readonly string[];
  readonly ms: number;
}

export async function costOf(database: TestDatabase, { sql, values }: Query): Promise<QueryCost> {
  const explain = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`;
  const [row] = await database.query<{ 'QUERY PLAN': [Explained] }>(explain, values);
  const [{ Plan: plan, 'Execution Time': ms }] = row!['QUERY PLAN'];
  const steps = [...stepsOf(plan)];
  return {
    rows: Math.max(...steps.map((step) => step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0))),
    buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    steps: steps.map((step) => step['Node Type']),
    ms,
  };
}

interface Step {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: Step[];
}

interface Explained {
  readonly Plan: Step;
  readonly 'Execution Time': number;
}

function* stepsOf(step: Step): Generator<Step> {
  yield step;
  for (const below of step.Plans ?? []) yield* stepsOf(below);
}
