import { Module } from '@nestjs/common';
import { AsyncApiController, EventDocumentsController } from './event-documents.controller.js';

@Module({ controllers: [EventDocumentsController, AsyncApiController] })
export class EventDocumentsModule {}
