import { Module } from '@nestjs/common';
import { ClientsModule } from './clients/clients.module.js';
import { GrantsModule } from './grants/grants.module.js';
import { IntrospectionModule } from './introspection/introspection.module.js';
import { LogoutModule } from './logout/logout.module.js';
import { OpenIdPagesModule } from './pages/openid-pages.module.js';
import { ProviderModule } from './provider/provider.module.js';
import { RegistrationModule } from './registration/registration.module.js';

/** Roster as OpenID Connect provider: other applications sign their people in with it. */
@Module({
  imports: [
    ClientsModule,
    ProviderModule,
    RegistrationModule,
    IntrospectionModule,
    GrantsModule,
    LogoutModule,
    OpenIdPagesModule,
  ],
  exports: [ClientsModule, ProviderModule],
})
export class OpenIdModule {}
