import { Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { DeliveryNotFound, WebhookNotFound } from './webhook-errors.js';

const EXAMPLE = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

/** Parameter: `:id`; a value that is no UUID is an unknown webhook. */
export const WebhookId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new WebhookNotFound() }));

export const ApiWebhookId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', example: EXAMPLE });

/** Parameter: `:deliveryId`. */
export const DeliveryId = (): ParameterDecorator =>
  Param('deliveryId', new ParseUUIDPipe({ exceptionFactory: () => new DeliveryNotFound() }));

export const ApiDeliveryId = (): MethodDecorator => ApiParam({ name: 'deliveryId', format: 'uuid', example: EXAMPLE });
