import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction } from '../database/transaction.js';
import { Metrics } from '../ops/metrics.js';
import { OnUserEvent } from './handlers.js';
import type { UserEvent } from './user-event.js';

/** Counts the events of users, by type. */
@Injectable()
export class EventMetrics {
  private readonly events;

  constructor(metrics: Metrics) {
    this.events = metrics.counter({
      name: 'roster_user_events_total',
      help: 'Events of users that this server has written.',
      labels: ['type'],
    });
  }

  @OnUserEvent()
  count({ type }: UserEvent, tx: Transaction): void {
    afterCommit(tx, () => this.events.inc({ type }));
  }
}
