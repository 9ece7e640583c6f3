import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from './clock.js';
import type { Settings } from './settings.js';
import { SETTINGS_TOKEN } from './settings.token.js';

/** Settings and time, for every module. */
@Module({})
export class ConfigModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [
        { provide: SETTINGS_TOKEN, useValue: settings },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [SETTINGS_TOKEN, Clock],
    };
  }
}
