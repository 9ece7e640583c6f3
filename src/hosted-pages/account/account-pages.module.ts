import { Module } from '@nestjs/common';
import { ContactConfirmationModule } from '../../auth/contact-confirmation/contact-confirmation.module.js';
import { EmailChangeModule } from '../../auth/email-change/email-change.module.js';
import { LinksModule } from '../../auth/one-time-tokens/links.module.js';
import { PasswordChangeModule } from '../../auth/password-change/password-change.module.js';
import { EvidenceModule } from '../../auth/sign-in-evidence/evidence.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ActivityController } from './activity.controller.js';
import { AddressesController } from './addresses.controller.js';
import { DataController } from './data.controller.js';
import { DevicesController } from './devices.controller.js';
import { OverviewController } from './overview.controller.js';
import { PasswordController } from './password.controller.js';
import { ProfileController } from './profile.controller.js';
import { ProfileEdits } from './profile-edits.js';

/** The pages of a signed-in person. They call what the API's controllers call. */
@Module({
  imports: [
    UsersModule,
    ContactConfirmationModule,
    EmailChangeModule,
    EvidenceModule,
    LinksModule,
    MailModule,
    PasswordChangeModule,
  ],
  controllers: [
    OverviewController,
    ProfileController,
    AddressesController,
    PasswordController,
    DevicesController,
    ActivityController,
    DataController,
  ],
  providers: [ProfileEdits],
})
export class AccountPagesModule {}
