import { Module } from '@nestjs/common';
import { ContactConfirmationModule } from '../../auth/contact-confirmation/contact-confirmation.module.js';
import { EmailChangeModule } from '../../auth/email-change/email-change.module.js';
import { LinksModule } from '../../auth/one-time-tokens/links.module.js';
import { PasskeysModule } from '../../auth/passkeys/passkeys.module.js';
import { PasswordChangeModule } from '../../auth/password-change/password-change.module.js';
import { ProvidersModule } from '../../auth/providers/providers.module.js';
import { RecoveryCodesModule } from '../../auth/recovery-codes/recovery-codes.module.js';
import { RememberedDevicesModule } from '../../auth/remembered-devices/remembered-devices.module.js';
import { SecondFactorsModule } from '../../auth/second-factors/second-factors.module.js';
import { EvidenceModule } from '../../auth/sign-in-evidence/evidence.module.js';
import { TotpModule } from '../../auth/totp/totp.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { GrantsModule } from '../../openid/grants/grants.module.js';
import { ActivityController } from './activity.controller.js';
import { AddressesController } from './addresses.controller.js';
import { ApplicationsController } from './applications.controller.js';
import { ConfirmController } from './confirm.controller.js';
import { DataController } from './data.controller.js';
import { DevicesController } from './devices.controller.js';
import { Drafts } from './drafts.js';
import { IdentityPagesController } from './identities.controller.js';
import { LinkedAccounts } from './linked-accounts.js';
import { OverviewController } from './overview.controller.js';
import { PasswordController } from './password.controller.js';
import { ProfileController } from './profile.controller.js';
import { ProfileEdits } from './profile-edits.js';
import { SecondFactorPagesController } from './second-factors.controller.js';
import { SecurityController } from './security.controller.js';
import { SecurityOverview } from './security-overview.js';

/** The pages of a signed-in person. They call what the API's controllers call. */
@Module({
  imports: [
    UsersModule,
    ContactConfirmationModule,
    EmailChangeModule,
    EvidenceModule,
    GrantsModule,
    LinksModule,
    MailModule,
    PasskeysModule,
    PasswordChangeModule,
    ProvidersModule,
    RecoveryCodesModule,
    RememberedDevicesModule,
    SecondFactorsModule,
    TotpModule,
  ],
  controllers: [
    OverviewController,
    ProfileController,
    AddressesController,
    SecurityController,
    IdentityPagesController,
    SecondFactorPagesController,
    PasswordController,
    DevicesController,
    ApplicationsController,
    ActivityController,
    DataController,
    ConfirmController,
  ],
  providers: [Drafts, LinkedAccounts, ProfileEdits, SecurityOverview],
})
export class AccountPagesModule {}
