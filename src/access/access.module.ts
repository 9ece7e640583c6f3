import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { declaredRoutes, refuseUndeclaredRoutes } from './declared-roles.js';

/** Installs the access guard for every route, and refuses to start if a route declares no role. */
@Module({
  imports: [DiscoveryModule],
  providers: [AccessGuard, { provide: APP_GUARD, useExisting: AccessGuard }],
  exports: [AccessGuard],
})
export class AccessModule implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onApplicationBootstrap(): void {
    refuseUndeclaredRoutes(declaredRoutes(this.discovery, this.scanner));
  }
}
