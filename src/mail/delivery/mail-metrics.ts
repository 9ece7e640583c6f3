import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { singleFlight } from '../../async/single-flight.js';
import { Metrics } from '../../ops/metrics.js';

interface MailBacklog {
  readonly count: number;
  readonly seconds: number;
}

/** How many mails wait, and for how long the first has been due. */
@Injectable()
export class MailMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge(
      { name: 'roster_mails_queued', help: 'Mails that have not been sent yet, counted to 10,000.' },
      async () => [{ value: (await this.backlog()).count }],
    );
    this.metrics.gauge(
      { name: 'roster_mails_late_seconds', help: 'Seconds since the oldest due mail became due.' },
      async () => [{ value: (await this.backlog()).seconds }],
    );
  }

  /** Both figures of one answer come from one query. */
  private readonly backlog = singleFlight(async (): Promise<MailBacklog> => {
    const [row] = await this.dataSource.query<[MailBacklog]>(MAIL_BACKLOG);
    return row;
  });
}

const MAIL_BACKLOG = `
  SELECT count(*)::int AS count, greatest(0, coalesce(extract(epoch FROM now() - min(due_at)), 0))::float AS seconds
  FROM (SELECT due_at FROM mails WHERE state = 'queued' LIMIT 10000) AS waiting`;
