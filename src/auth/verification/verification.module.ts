import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { IdentitiesModule } from '../identities/identities.module.js';
import { InvitationModule } from '../invitation/invitation.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { RegistrantSignIn } from './registrant-sign-in.js';
import { RegistrationCookies } from './registration-cookies.js';
import { VerificationController } from './verification.controller.js';
import { VerificationService } from './verification.service.js';
import { VerificationLinks } from './verification-links.js';
import { Claims } from './claims.js';
import { VerificationRequests } from './verification-requests.js';

@Module({
  imports: [UsersModule, IdentitiesModule, InvitationModule, LinksModule, PasswordsModule, LockoutModule, SignInModule],
  controllers: [VerificationController],
  providers: [
    VerificationService,
    VerificationLinks,
    Claims,
    VerificationRequests,
    RegistrationCookies,
    RegistrantSignIn,
  ],
  exports: [VerificationLinks, RegistrationCookies],
})
export class VerificationModule {}
