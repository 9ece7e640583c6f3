import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { IdentitiesModule } from '../auth/identities/identities.module.js';
import { InvitationModule } from '../auth/invitation/invitation.module.js';
import { SecondFactorsModule } from '../auth/second-factors/second-factors.module.js';
import { SignInMethodsModule } from '../auth/sign-in-methods/sign-in-methods.module.js';
import { LinksModule } from '../auth/one-time-tokens/links.module.js';
import { PasswordsModule } from '../auth/passwords/passwords.module.js';
import { RateLimitsModule } from '../auth/rate-limits/rate-limits.module.js';
import { UnlockModule } from '../auth/unlock/unlock.module.js';
import { EventsModule } from '../events/events.module.js';
import { Jobs } from '../jobs/jobs.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { HealthChecks } from '../ops/health-checks.js';
import { InjectLog, type Log } from '../ops/log.js';
import { WebhooksModule } from '../relay/webhooks/webhooks.module.js';
import { UsersModule } from '../users/users.module.js';
import { MailAttempts } from './delivery/mail-attempts.js';
import { MailContents } from './notifications/mail-contents.js';
import { MailDelivery } from './delivery/mail-delivery.js';
import { MailMetrics } from './delivery/mail-metrics.js';
import { MailOutcomes } from './delivery/mail-outcomes.js';
import { MailQueue } from './delivery/mail-queue.js';
import { MailRetention } from './delivery/mail-retention.js';
import { MailTemplates } from './notifications/mail-templates.js';
import { MailTransport } from './delivery/mail-transport.js';
import { MailsController } from './api/mails.controller.js';
import { MailResends } from './api/mail-resends.js';
import { AllMails } from './api/all-mails.js';
import { Mails } from './api/mails.js';
import { MailLeases } from './delivery/mail-leases.js';
import { NotificationHandler } from './notifications/notification-handler.js';
import { TemplateChoice } from './notifications/template-choice.js';
import { NotificationServices } from './notifications/template-data.js';

/** The previous release enqueues this job with each mail; the mail is sent without it. */
const JOB_OF_RELEASE_BEFORE = 'mail.deliver';

@Module({
  imports: [
    EventsModule,
    UsersModule,
    JobsModule,
    WebhooksModule,
    InvitationModule,
    SignInMethodsModule,
    SecondFactorsModule,
    LinksModule,
    PasswordsModule,
    RateLimitsModule,
    UnlockModule,
    IdentitiesModule,
  ],
  controllers: [MailsController],
  providers: [
    NotificationHandler,
    NotificationServices,
    MailQueue,
    MailLeases,
    MailOutcomes,
    MailAttempts,
    MailDelivery,
    MailRetention,
    MailMetrics,
    MailContents,
    TemplateChoice,
    MailTemplates,
    MailTransport,
    Mails,
    AllMails,
    MailResends,
  ],
  exports: [Mails],
})
export class MailModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transport: MailTransport,
    private readonly health: HealthChecks,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.health.register('mail', false, () => this.transport.check());
    this.jobs.handle(JOB_OF_RELEASE_BEFORE, () => Promise.resolve());
  }

  /** Shows a wrong SMTP setting at the start rather than with the first mail. */
  onApplicationBootstrap(): void {
    this.transport.check().catch((error: unknown) => {
      this.log.warn(
        { reason: (error as Error).message },
        'the SMTP server is unavailable; mails wait until it is available',
      );
    });
  }
}
