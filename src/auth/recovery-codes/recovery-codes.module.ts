import { Module } from '@nestjs/common';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { NewRecoveryCodes } from './new-recovery-codes.js';
import { RecoveryCodes } from './recovery-codes.js';
import { RecoveryCodesController } from './recovery-codes.controller.js';

@Module({
  imports: [SecondFactorsModule],
  controllers: [RecoveryCodesController],
  providers: [RecoveryCodes, NewRecoveryCodes],
  exports: [RecoveryCodes, NewRecoveryCodes],
})
export class RecoveryCodesModule {}
