import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { withDeadline } from '../async/deadline.js';

const TIMEOUT_MS = 2000;

export type CheckState = 'up' | 'down';

interface Check {
  readonly look: () => Promise<unknown>;
  /** Whether no requests can be served without it. */
  readonly vital: boolean;
}

export interface CheckResult {
  readonly name: string;
  readonly vital: boolean;
  readonly state: CheckState;
}

export interface Health {
  readonly status: 'up' | 'degraded' | 'down';
  readonly checks: Record<string, CheckState>;
  readonly figures: Record<string, number>;
}

/** The checks behind readiness; each module registers its own. */
@Injectable()
export class HealthChecks implements OnModuleDestroy {
  private readonly checks = new Map<string, Check>();
  private readonly figures = new Map<string, () => Promise<number>>();
  private isStarting = false;
  private isLeaving = false;

  /** @param look throws, or takes more than two seconds, if the part is down */
  register(name: string, vital: boolean, look: () => Promise<unknown>): void {
    this.checks.set(name, { look, vital });
  }

  /** A figure about a part; left out if it cannot be read. */
  registerFigure(name: string, count: () => Promise<number>): void {
    this.figures.set(name, count);
  }

  /** Reports not ready, although listening, until the returned function is called; once ready, the first admin can sign in. */
  holdBack(): () => void {
    this.isStarting = true;
    return () => {
      this.isStarting = false;
    };
  }

  /** The process is shutting down: load balancers should send new requests elsewhere. */
  onModuleDestroy(): void {
    this.isLeaving = true;
  }

  /** The state of each part. */
  async results(): Promise<CheckResult[]> {
    return Promise.all(
      [...this.checks].map(async ([name, { look, vital }]) => ({ name, vital, state: await stateOf(look) })),
    );
  }

  async check(): Promise<Health> {
    if (this.isStarting || this.isLeaving) return { status: 'down', checks: { serving: 'down' }, figures: {} };
    const results = await this.results();
    const figures = await Promise.all(
      [...this.figures].map(
        async ([name, count]) => [name, await withDeadline(TIMEOUT_MS, count).catch(() => undefined)] as const,
      ),
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
  return withDeadline(TIMEOUT_MS, look).then(
    () => 'up',
    () => 'down',
  );
}
