import { Injectable } from '@nestjs/common';

export type CheckState = 'up' | 'down';

interface Check {
  readonly look: () => Promise<unknown>;
  /** Whether requests can be served at all without it. */
  readonly vital: boolean;
}

export interface Health {
  readonly status: 'up' | 'degraded' | 'down';
  readonly checks: Record<string, CheckState>;
  readonly figures: Record<string, number>;
}

const TIMEOUT_MS = 2000;

/** What readiness is made of; each part of the application adds its own. */
@Injectable()
export class HealthChecks {
  private readonly checks = new Map<string, Check>();
  private readonly figures = new Map<string, () => Promise<number>>();

  /** @param look throws, or takes more than two seconds, when the part is down */
  add(name: string, vital: boolean, look: () => Promise<unknown>): void {
    this.checks.set(name, { look, vital });
  }

  /** A number that says how a part is doing; left out when it cannot be had. */
  addFigure(name: string, count: () => Promise<number>): void {
    this.figures.set(name, count);
  }

  async run(): Promise<Health> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, { look, vital }]) => ({ name, vital, state: await stateOf(look) })),
    );
    const figures = await Promise.all(
      [...this.figures].map(async ([name, count]) => [name, await inTime(count).catch(() => undefined)] as const),
    );
    const down = results.filter(({ state }) => state === 'down');
    return {
      status: down.some(({ vital }) => vital) ? 'down' : down.length > 0 ? 'degraded' : 'up',
      checks: Object.fromEntries(results.map(({ name, state }) => [name, state])),
      figures: Object.fromEntries(figures.flatMap(([name, count]) => (count === undefined ? [] : [[name, count]]))),
    };
  }
}

async function stateOf(look: () => Promise<unknown>): Promise<CheckState> {
  return inTime(look).then(
    () => 'up',
    () => 'down',
  );
}

async function inTime<T>(look: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
  return Promise.race([look(), late]).finally(() => clearTimeout(timer));
}
