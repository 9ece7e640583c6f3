import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { ConsoleModule } from './console/console.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HelpModule } from './help/help.module.js';
import { HostedPagesModule } from './hosted-pages/hosted-pages.module.js';
import { HttpModule } from './http/http.module.js';
import { MailModule } from './mail/mail.module.js';
import type { Log } from './ops/log.js';
import { OpsModule } from './ops/ops.module.js';
import { OpenIdModule } from './openid/openid.module.js';
import { RelayModule } from './relay/relay.module.js';
import { EventDocumentsModule } from './relay/documents/event-documents.module.js';
import { WebhooksModule } from './relay/webhooks/webhooks.module.js';
import { ServiceAccountsModule } from './service-accounts/service-accounts.module.js';
import { UserEntity } from './users/store/user.entity.js';
import { UsersModule } from './users/users.module.js';

/** The table of contents. */
@Module({})
export class AppModule {
  /**
   * @param extensions modules that react to user events, such as one with `@OnUserEvent` handlers
   * @param entities further entities for transactions, besides Roster's own
   */
  static forRoot(settings: Settings, log: Log, extensions: Type[] = [], entities: Type[] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(settings),
        OpsModule.forRoot(log),
        AccessModule,
        DatabaseModule.forRoot(settings, [UserEntity, ...entities]),
        UsersModule,
        AuthModule,
        ServiceAccountsModule,
        // After AccessModule and AuthModule, as guards run in this order: unauthorised callers do not get validation errors.
        HttpModule,
        MailModule,
        RelayModule,
        WebhooksModule,
        EventDocumentsModule,
        OpenIdModule,
        HelpModule,
        ...(settings.HOSTED_PAGES ? [HostedPagesModule] : []),
        ...(settings.CONSOLE_ENABLED ? [ConsoleModule] : []),
        ...extensions,
      ],
    };
  }
}
