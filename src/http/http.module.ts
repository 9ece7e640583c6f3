import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AssetsController } from './assets.controller.js';
import { DeclaredInputGuard } from './declared-input.js';
import { EntryController } from './entry.controller.js';
import { Pages } from './pages.js';
import { ProblemFilter } from './problem.filter.js';
import { validationPipe } from './validation.js';

/** Problems, pages and validation, the same for every route. */
@Global()
@Module({
  controllers: [AssetsController, EntryController],
  providers: [
    Pages,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_GUARD, useClass: DeclaredInputGuard },
    { provide: APP_PIPE, useFactory: validationPipe },
  ],
  exports: [Pages],
})
export class HttpModule {}
