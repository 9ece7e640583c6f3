import { Module } from '@nestjs/common';
import { LinksModule } from '../../auth/one-time-tokens/links.module.js';
import { RateLimitsModule } from '../../auth/rate-limits/rate-limits.module.js';
import { RegistrationModule } from '../../auth/registration/registration.module.js';
import { VerificationModule } from '../../auth/verification/verification.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ForgotPasswordController } from './forgot-password.controller.js';
import { SignUpController } from './sign-up.controller.js';
import { SignUpSentController } from './sign-up-sent.controller.js';

@Module({
  imports: [UsersModule, LinksModule, RateLimitsModule, RegistrationModule, VerificationModule],
  controllers: [SignUpController, SignUpSentController, ForgotPasswordController],
})
export class SignUpPagesModule {}
