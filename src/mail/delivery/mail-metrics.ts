import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { singleFlight } from '../../async/single-flight.js';
import { Metrics } from '../../ops/metrics.js';

interface Waiting {
  readonly count: number;
  readonly seconds: number;
}

/** How many mails wait, and for how long one has waited longer than it had to. */
@Injectable()
export class MailMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge(
      { name: 'roster_mails_queued', help: 'Mails that have not been sent yet, counted to 10,000.' },
      async () => [{ value: (await this.waiting()).count }],
    );
    this.metrics.gauge(
      { name: 'roster_mails_late_seconds', help: 'For how long the first of the mails has been due.' },
      async () => [{ value: (await this.waiting()).seconds }],
    );
  }

  /** Both figures of one answer come from one query. */
  private readonly waiting = singleFlight(async (): Promise<Waiting> => {
    const [row] = await this.dataSource.query<[Waiting]>(WAITING);
    return row;
  });
}

const WAITING = `
  SELECT count(*)::int AS count, greatest(0, coalesce(extract(epoch FROM now() - min(due_at)), 0))::float AS seconds
  FROM (SELECT due_at FROM mails WHERE state = 'queued' LIMIT 10000) AS waiting`;
