import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RegistrationModule } from '../registration/registration.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { MagicLinkCodes } from './magic-link-codes.js';
import { MagicLinkCookies } from './magic-link-cookies.js';
import { MagicLinkController } from './magic-link.controller.js';
import { MagicLinkMethod } from './magic-link.method.js';
import { MagicLinkService } from './magic-link.service.js';
import { MagicLinkRequests } from './magic-link-requests.js';
import { MagicLinkLinks } from './magic-link-links.js';

@Module({
  imports: [
    JobsModule,
    UsersModule,
    LockoutModule,
    LinksModule,
    PasswordsModule,
    RegistrationModule,
    SignInModule,
    EvidenceModule,
  ],
  controllers: [MagicLinkController],
  providers: [MagicLinkMethod, MagicLinkService, MagicLinkRequests, MagicLinkLinks, MagicLinkCodes, MagicLinkCookies],
  exports: [MagicLinkService, MagicLinkCookies],
})
export class MagicLinkModule {}
