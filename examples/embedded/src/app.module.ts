import { Module } from '@nestjs/common';
import { RosterModule } from 'roster';
import { Audit } from './audit.js';
import { CompanyPolicy } from './company-policy.js';
import { TeamController } from './team.controller.js';

@Module({
  // The environment has the rest: DATABASE_URL, SECRET_KEY, SMTP_URL, ...
  imports: [
    RosterModule.forRoot({ settings: { ...process.env, PRODUCT_NAME: 'Acme Desk', TEMPLATES_DIR: 'templates' } }),
  ],
  controllers: [TeamController],
  providers: [CompanyPolicy, Audit],
})
export class AppModule {}
