import { Global, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { AssetsController } from './pages/assets.controller.js';
import { DeclaredInputGuard } from './request/declared-input.js';
import { refuseUnboundedInput } from './request/declared-lengths.js';
import { EntryController } from './pages/entry.controller.js';
import { ContinueTargets } from './pages/continue-targets.js';
import { HostedPages } from './pages/hosted-pages.js';
import { Pages } from './pages/pages.js';
import { ProblemFilter } from './problem.filter.js';
import { validationPipe } from './request/validation.js';

/** Problems, pages and validation for every route. Refuses to start if a route accepts strings of unbounded length. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [AssetsController, EntryController],
  providers: [
    Pages,
    HostedPages,
    ContinueTargets,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_GUARD, useClass: DeclaredInputGuard },
    { provide: APP_PIPE, useFactory: validationPipe },
  ],
  exports: [Pages, HostedPages, ContinueTargets],
})
export class HttpModule implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onApplicationBootstrap(): void {
    refuseUnboundedInput(this.discovery, this.scanner);
  }
}
