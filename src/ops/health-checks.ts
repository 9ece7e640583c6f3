import { Injectable } from '@nestjs/common';

export type CheckState = 'up' | 'down';

interface Check {
  readonly look: () => Promise<unknown>;
  /** Whether requests can be served at all without it. */
  readonly vital: boolean;
}

const TIMEOUT_MS = 2000;

/** What readiness is made of; each part of the application adds its own. */
@Injectable()
export class HealthChecks {
  private readonly checks = new Map<string, Check>();

  /** @param look throws, or takes more than two seconds, when the part is down */
  add(name: string, vital: boolean, look: () => Promise<unknown>): void {
    this.checks.set(name, { look, vital });
  }

  async run(): Promise<{ status: 'up' | 'degraded' | 'down'; checks: Record<string, CheckState> }> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, { look, vital }]) => ({ name, vital, state: await stateOf(look) })),
    );
    const down = results.filter(({ state }) => state === 'down');
    return {
      status: down.some(({ vital }) => vital) ? 'down' : down.length > 0 ? 'degraded' : 'up',
      checks: Object.fromEntries(results.map(({ name, state }) => [name, state])),
    };
  }
}

async function stateOf(look: () => Promise<unknown>): Promise<CheckState> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
  try {
    await Promise.race([look(), late]);
    return 'up';
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}
