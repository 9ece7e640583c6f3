import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { UsersModule } from '../../users/users.module.js';
import { RecoveryCodesModule } from '../recovery-codes/recovery-codes.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { TotpController } from './totp.controller.js';
import { TotpFactor } from './totp.factor.js';
import { TotpSetups } from './totp-setups.js';

@Module({
  imports: [EventsModule, UsersModule, SecondFactorsModule, RecoveryCodesModule, SignInModule],
  controllers: [TotpController],
  providers: [TotpFactor, TotpSetups],
  exports: [TotpSetups],
})
export class TotpModule {}
