import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { ProviderModule } from '../provider/provider.module.js';
import { ConsentPage } from './consent-page.js';
import { DeviceCodes } from './device-codes.js';
import { DeviceController } from './device.controller.js';
import { FormPolicies } from './form-policies.js';
import { InteractionController } from './interaction.controller.js';
import { Interactions } from './interactions.js';
import { LogoutController } from './logout.controller.js';
import { LogoutHandovers } from './logout-handovers.js';
import { LogoutRequests } from './logout-requests.js';
import { ShownRequest } from './shown-request.js';
import { SignInDemand } from './sign-in-demand.js';

/** The pages that a person sees on the way between an application and Roster. */
@Module({
  imports: [UsersModule, ClientsModule, ProviderModule],
  controllers: [InteractionController, DeviceController, LogoutController],
  providers: [
    Interactions,
    ConsentPage,
    DeviceCodes,
    FormPolicies,
    LogoutHandovers,
    LogoutRequests,
    ShownRequest,
    SignInDemand,
  ],
})
export class OpenIdPagesModule {}
