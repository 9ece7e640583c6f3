import { Module } from '@nestjs/common';
import { ClientsModule } from '../clients/clients.module.js';
import { ProviderModule } from '../provider/provider.module.js';
import { IntrospectionController } from './introspection.controller.js';

@Module({ imports: [ClientsModule, ProviderModule], controllers: [IntrospectionController] })
export class IntrospectionModule {}
