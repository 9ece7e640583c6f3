import { Module, type OnModuleInit } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { HealthChecks } from '../ops/health-checks.js';
import { UsersModule } from '../users/users.module.js';
import { MailContents } from './mail-contents.js';
import { MailDelivery } from './mail-delivery.js';
import { MailOccasions } from './mail-occasions.js';
import { MailQueue } from './mail-queue.js';
import { MailTemplates } from './mail-templates.js';
import { MailTransport } from './mail-transport.js';

@Module({
  imports: [UsersModule, AuthModule, JobsModule],
  providers: [MailOccasions, MailQueue, MailDelivery, MailContents, MailTemplates, MailTransport],
})
export class MailModule implements OnModuleInit {
  constructor(
    private readonly transport: MailTransport,
    private readonly health: HealthChecks,
  ) {}

  onModuleInit(): void {
    this.health.add('mail', false, () => this.transport.verify());
  }
}
