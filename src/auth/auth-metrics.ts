import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction } from '../database/transaction.js';
import { Metrics } from '../ops/metrics.js';
import { HashPool } from './passwords/hash-pool/hash-pool.js';
import type { HashPoolStats } from './passwords/hash-pool/hash-request.js';
import { AUTH_EVENT_TYPES, type AuthEvent } from './sign-in-evidence/auth-event.js';
import { OnAuthEvent } from './sign-in-evidence/auth-events.js';

const OUTCOMES = ['asked', 'passed', 'failed'] as const;

/** Metrics of sign-ins, refusals and password hashing. */
@Injectable()
export class AuthMetrics {
  private readonly events;
  private readonly signIns;
  private readonly secondFactors;

  constructor(
    private readonly metrics: Metrics,
    private readonly pool: HashPool,
  ) {
    this.events = metrics.counter({
      name: 'roster_auth_events_total',
      help: 'Sign-ins, session ends and refusals on this server.',
      labels: ['type'],
    });
    // So that a rate is 0 rather than absent before the first.
    for (const type of AUTH_EVENT_TYPES) this.events.inc({ type }, 0);
    this.signIns = metrics.counter({
      name: 'roster_sign_ins_total',
      help: 'Sign-ins that succeeded on this server, by method.',
      labels: ['method'],
    });
    this.secondFactors = metrics.counter({
      name: 'roster_second_factors_total',
      help: 'Second steps of sign-ins on this server: asked for, passed, and failed with a wrong code or during a lockout.',
      labels: ['outcome'],
    });
    for (const outcome of OUTCOMES) this.secondFactors.inc({ outcome }, 0);
    this.gauge('roster_password_hashes_queued', 'Password hashes that wait for a worker.', 'queued');
    this.gauge('roster_password_hashes_busy', 'Workers that hash at the moment.', 'busy');
    metrics.total(
      {
        name: 'roster_password_hashes_refused_total',
        help: 'Password hashes refused with 503 because the queue was too long.',
        ofWorkers: 'sum',
      },
      () => [{ value: this.pool.stats().refused }],
    );
  }

  @OnAuthEvent(...AUTH_EVENT_TYPES)
  count(event: AuthEvent, tx: Transaction): void {
    const { type, method, times = 1 } = event;
    const outcome = outcomeOf(event);
    afterCommit(tx, () => {
      this.events.inc({ type }, times);
      if (type === 'login.succeeded' && method !== undefined) this.signIns.inc({ method }, times);
      if (outcome) this.secondFactors.inc({ outcome }, times);
    });
  }

  private gauge(name: string, help: string, stat: keyof HashPoolStats): void {
    this.metrics.gauge({ name, help, ofWorkers: 'sum' }, () => [{ value: this.pool.stats()[stat] }]);
  }
}

/** What became of a second step; undefined for everything else. */
function outcomeOf({ type, secondFactor }: AuthEvent): (typeof OUTCOMES)[number] | undefined {
  if (type === 'second_factor.required') return 'asked';
  if (secondFactor === undefined) return undefined;
  return type === 'login.succeeded' ? 'passed' : 'failed';
}
