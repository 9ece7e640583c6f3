import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { SecondFactors } from './second-factors.js';

/** Knows no factor itself: each has a module of its own, and is discovered. */
@Module({
  imports: [DiscoveryModule],
  providers: [SecondFactors],
  exports: [SecondFactors],
})
export class SecondFactorsModule {}
