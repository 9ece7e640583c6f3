import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { IdentitiesModule } from '../identities/identities.module.js';
import { FactorChanges } from './factor-changes.js';
import { FactorRequirement } from './factor-requirement.js';
import { ForgottenFactors } from './forgotten-factors.js';
import { SecondFactors } from './second-factors.js';
import { SecondFactorsController } from './second-factors.controller.js';
import { SignInTickets } from './sign-in-tickets.js';
import { StepCookies } from './step-cookies.js';

/** Knows no factor itself: each has a module of its own, and is discovered. */
@Module({
  imports: [DiscoveryModule, JobsModule, UsersModule, IdentitiesModule],
  controllers: [SecondFactorsController],
  providers: [SecondFactors, FactorChanges, FactorRequirement, ForgottenFactors, SignInTickets, StepCookies],
  exports: [SecondFactors, FactorChanges, FactorRequirement, ForgottenFactors, SignInTickets, StepCookies],
})
export class SecondFactorsModule {}
