import { Module, type OnModuleInit } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EventsModule } from '../events/events.module.js';
import { PersonalDataPlaces } from '../events/personal-data-places.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { HealthChecks } from '../ops/health-checks.js';
import { WebhooksModule } from '../relay/webhooks/webhooks.module.js';
import { UsersModule } from '../users/users.module.js';
import { CredentialOccasions } from './credential-occasions.js';
import { MailContents } from './mail-contents.js';
import { MailDelivery } from './mail-delivery.js';
import { MailOccasions } from './mail-occasions.js';
import { MailQueue } from './mail-queue.js';
import { MailTemplates } from './mail-templates.js';
import { MailTransport } from './mail-transport.js';
import { SecurityOccasions } from './security-occasions.js';
import { WebhookOccasions } from './webhook-occasions.js';

@Module({
  imports: [EventsModule, UsersModule, AuthModule, JobsModule, WebhooksModule],
  providers: [
    MailOccasions,
    SecurityOccasions,
    CredentialOccasions,
    WebhookOccasions,
    MailQueue,
    MailDelivery,
    MailContents,
    MailTemplates,
    MailTransport,
  ],
})
export class MailModule implements OnModuleInit {
  constructor(
    private readonly transport: MailTransport,
    private readonly health: HealthChecks,
    private readonly places: PersonalDataPlaces,
  ) {}

  onModuleInit(): void {
    this.health.add('mail', false, () => this.transport.verify());
    this.places.add({
      name: 'mails',
      tables: ['mails'],
      export: (tx, userId) =>
        tx.query(
          `SELECT template, recipient, data, state, attempts, last_error AS "lastError", created_at AS "createdAt",
             sent_at AS "sentAt" FROM mails WHERE user_id = $1 ORDER BY created_at`,
          [userId],
        ),
      erase: async (tx, { id }) => {
        await tx.query('DELETE FROM mails WHERE user_id = $1', [id]);
      },
    });
  }
}
