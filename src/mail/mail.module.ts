import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EventsModule } from '../events/events.module.js';
import { Jobs } from '../jobs/jobs.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { HealthChecks } from '../ops/health-checks.js';
import { InjectLog, type Log } from '../ops/log.js';
import { WebhooksModule } from '../relay/webhooks/webhooks.module.js';
import { UsersModule } from '../users/users.module.js';
import { MailAttempts } from './mail-attempts.js';
import { MailContents } from './mail-contents.js';
import { MailDelivery } from './mail-delivery.js';
import { MailMetrics } from './mail-metrics.js';
import { MailOccasions } from './mail-occasions.js';
import { MailOutcomes } from './mail-outcomes.js';
import { MailQueue } from './mail-queue.js';
import { MailRetention } from './mail-retention.js';
import { MailTurns } from './mail-turns.js';
import { MailTemplates } from './mail-templates.js';
import { MailTransport } from './mail-transport.js';
import { MailsController } from './mails/mails.controller.js';
import { MailResends } from './mails/mail-resends.js';
import { Mails } from './mails/mails.js';
import { MailsInHand } from './mails-in-hand.js';
import { OccasionFacts } from './occasion-facts.js';
import { WebhookOccasions } from './webhook-occasions.js';

/** What the release before adds to the job queue beside each mail; the mail leaves without it. */
const JOB_OF_RELEASE_BEFORE = 'mail.deliver';

@Module({
  imports: [EventsModule, UsersModule, AuthModule, JobsModule, WebhooksModule],
  controllers: [MailsController],
  providers: [
    MailOccasions,
    OccasionFacts,
    WebhookOccasions,
    MailQueue,
    MailsInHand,
    MailOutcomes,
    MailAttempts,
    MailDelivery,
    MailRetention,
    MailMetrics,
    MailContents,
    MailTurns,
    MailTemplates,
    MailTransport,
    Mails,
    MailResends,
  ],
})
export class MailModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transport: MailTransport,
    private readonly health: HealthChecks,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.health.add('mail', false, () => this.transport.check());
    this.jobs.handle(JOB_OF_RELEASE_BEFORE, () => Promise.resolve());
  }

  /** Whoever starts Roster learns now, and not from the first person who waits for a mail. */
  onApplicationBootstrap(): void {
    this.transport.check().catch((error: unknown) => {
      this.log.warn({ reason: (error as Error).message }, 'mails have to wait; they leave as soon as it can be used');
    });
  }
}
