import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { WaysIn } from '../../users/store/ways-in.js';
import { UsersModule } from '../../users/users.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SignInMethodsController } from './sign-in-methods.controller.js';
import { SignInMethods } from './sign-in-methods.js';
import { HeldMethods } from './held-methods.js';
import { PasswordMethod } from './password.method.js';

/** Global, because `users`, which does not depend on it, must check that nobody loses the last sign-in method. */
@Global()
@Module({
  imports: [DiscoveryModule, UsersModule, PasswordsModule, SecondFactorsModule],
  controllers: [SignInMethodsController],
  providers: [SignInMethods, HeldMethods, { provide: WaysIn, useExisting: HeldMethods }, PasswordMethod],
  exports: [SignInMethods, HeldMethods, WaysIn],
})
export class SignInMethodsModule {}
