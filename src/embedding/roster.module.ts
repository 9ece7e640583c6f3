import {
  type BeforeApplicationShutdown,
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authentication } from '../access/authentication.js';
import { StepUpCheck } from '../access/step-up.js';
import { AppModule } from '../app.module.js';
import { createAdapter, createApp } from '../server/app-setup.js';
import { Accounts } from '../auth/accounts.js';
import { FirstAdmin } from '../auth/first-admin.js';
import { ElsewhereHandlers } from '../auth/login/verify-elsewhere.js';
import { RegistrationHandlers } from '../auth/registration/before-registration.js';
import { migrate } from '../database/migrate.js';
import { EventStream } from '../events/event-stream.js';
import { UserEventHandlers } from '../events/handlers.js';
import { createLog } from '../ops/log.js';
import { UserStore } from '../users/store/user-store.js';
import { type Host, hostFrom } from './host.js';
import { keepCookiesOfHost, mount, type MountedRoute, noteRoutes, withPreflights } from './mount.js';
import { type RosterOptions, settingsFrom } from './roster-options.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<RosterOptions>()
  .setClassMethodName('forRoot')
  .build();

/** Roster as a complete application that does not listen, and its host. */
interface Inside {
  readonly host: Host;
  readonly app: NestFastifyApplication;
  readonly routes: readonly MountedRoute[];
  /** Whether CORS is enabled. */
  readonly isOpen: boolean;
}
const INSIDE = Symbol('roster');

async function build(options: RosterOptions, adapter?: HttpAdapterHost, modules?: ModulesContainer): Promise<Inside> {
  const host = hostFrom(adapter, modules);
  const settings = settingsFrom(options);
  const log = options.log ?? createLog(settings);
  if (options.migrate !== false) await migrate(settings, (text) => log.warn(text));
  const inner = createAdapter(settings, log);
  const routes = noteRoutes(inner.getInstance());
  keepCookiesOfHost(inner.getInstance());
  const root = AppModule.forRoot(settings, log, [], [...(options.entities ?? [])]);
  const app = await createApp(root, settings, log, { adapter: inner, logger: null });
  return { host, app, routes, isOpen: settings.CORS_ORIGINS !== undefined };
}

const fromInside = [UserStore, Accounts, Authentication, StepUpCheck].map((type) => ({
  provide: type,
  inject: [INSIDE],
  useFactory: ({ app }: Inside): unknown => app.get<unknown>(type, { strict: false }),
}));

/**
 * Roster inside another Nest application on Fastify. It stays an application of its own: guards, filters, pipes, body parsers,
 * providers and the data source of either do not reach the other. Shared are the server, the handlers (`@OnUserEvent`,
 * `@BeforeRegistration`) and the exported services. See docs/embedding.md.
 */
@Global()
@Module({
  providers: [
    {
      provide: INSIDE,
      // The container of another copy of Nest does not know these classes, and its error message would not help.
      inject: [
        MODULE_OPTIONS_TOKEN,
        ...[HttpAdapterHost, ModulesContainer].map((token) => ({ token, optional: true })),
      ],
      useFactory: build,
    },
    ...fromInside,
  ],
  exports: [UserStore, Accounts, Authentication, StepUpCheck],
})
export class RosterModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('Roster');

  constructor(@Inject(INSIDE) private readonly inside: Inside) {
    super();
  }

  /**
   * After every `onModuleInit`, where the host makes what its handlers need, such as tables; and before any other
   * `onApplicationBootstrap`, since global modules run first: code that changes users there finds every handler registered.
   */
  async onApplicationBootstrap(): Promise<void> {
    const { app, host } = this.inside;
    app.get(UserEventHandlers, { strict: false }).addFrom(host.discovery);
    app.get(RegistrationHandlers, { strict: false }).addFrom(host.discovery);
    app.get(ElsewhereHandlers, { strict: false }).addFrom(host.discovery);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    this.mount();
    const admin = await app.get(FirstAdmin, { strict: false }).ensure();
    if (admin?.generatedPassword) {
      this.logger.log(`The first admin is ${admin.email}, password ${admin.generatedPassword} (shown only once)`);
    }
  }

  /** Before the host's server closes, which waits for all responses: streams only end here. */
  beforeApplicationShutdown(): void {
    this.inside.app.get(EventStream, { strict: false }).onModuleDestroy();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.inside.app.close();
  }

  /** By now the host has declared its own routes, which take precedence. */
  private mount(): void {
    const { app, host, routes, isOpen } = this.inside;
    if (!host.fastify) return;
    const wanted = isOpen ? withPreflights(routes) : routes;
    const kept = mount(host.fastify, app.getHttpAdapter().getInstance(), wanted);
    for (const { method, url } of kept) this.logger.log(`${method} ${url} stays the application's own`);
  }
}
