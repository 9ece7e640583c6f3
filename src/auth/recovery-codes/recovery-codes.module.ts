import { Module } from '@nestjs/common';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { RecoveryCodes } from './recovery-codes.js';
import { RecoveryCodesController } from './recovery-codes.controller.js';

@Module({
  imports: [SecondFactorsModule],
  controllers: [RecoveryCodesController],
  providers: [RecoveryCodes],
  exports: [RecoveryCodes],
})
export class RecoveryCodesModule {}
