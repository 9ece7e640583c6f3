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
  /** When this server first saw it so. */
  readonly since: Date;
  /** The message of its error; null while it is up. */
  readonly reason: string | null;
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
  private readonly seen = new Map<string, Pick<CheckResult, 'state' | 'since'>>();
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
      [...this.checks].map(async ([name, { look, vital }]) => {
        const { state, reason } = await stateOf(look);
        const before = this.seen.get(name);
        const since = before?.state === state ? before.since : new Date();
        this.seen.set(name, { state, since });
        return { name, vital, state, since, reason };
      }),
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
    return {
      status: statusOf(results),
      checks: Object.fromEntries(results.map(({ name, state }) => [name, state])),
      figures: Object.fromEntries(figures.flatMap(([name, count]) => (count === undefined ? [] : [[name, count]]))),
    };
  }
}

/** Of all parts together. */
export function statusOf(results: readonly CheckResult[]): Health['status'] {
  const down = results.filter(({ state }) => state === 'down');
  return down.some(({ vital }) => vital) ? 'down' : down.length > 0 ? 'degraded' : 'up';
}

const LONGEST_REASON = 300;

async function stateOf(look: () => Promise<unknown>): Promise<Pick<CheckResult, 'state' | 'reason'>> {
  return withDeadline(TIMEOUT_MS, look).then(
    () => ({ state: 'up', reason: null }),
    (error: unknown) => ({ state: 'down', reason: (error as Error).message.slice(0, LONGEST_REASON) }),
  );
}
