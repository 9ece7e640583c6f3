import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { Deliveries } from './deliveries.js';
import { DeliveriesQuery, DeliveryItem, DeliveryPage, DeliveryWithMessage, ResentDeliveries } from './delivery.dto.js';
import { ApiDeliveryId, ApiWebhookId, DeliveryId, WebhookId } from './webhook-id.js';
import { WebhookMessages } from './webhook-messages.js';

/** The deliveries to a webhook. */
@ApiTags('Webhooks')
@Controller('webhooks/:id/deliveries')
export class DeliveriesController {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly messages: WebhookMessages,
  ) {}

  @Get()
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'listDeliveries',
    summary: 'List the deliveries to a webhook, with every attempt, by page, the newest first',
    description: 'A delivered one is kept for 7 days, any other for 30.',
  })
  @ApiOkResponse({ type: DeliveryPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'not-found')
  async page(
    @WebhookId() id: string,
    @Query() query: DeliveriesQuery,
    @Reply() reply: FastifyReply,
  ): Promise<DeliveryPage> {
    return pageAnswer(reply, query.limit, await this.deliveries.page(id, query));
  }

  @Get(':deliveryId')
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiDeliveryId()
  @ApiOperation({
    operationId: 'getDelivery',
    summary: 'Get a delivery, with its message and every attempt',
    description: 'The message is made when it is sent, and not kept: this is the one that would be sent now.',
  })
  @ApiOkResponse({ type: DeliveryWithMessage })
  @ApiProblems('not-found')
  async get(@WebhookId() id: string, @DeliveryId() deliveryId: string): Promise<DeliveryWithMessage> {
    const delivery = await this.deliveries.findById(id, deliveryId);
    return Object.assign(delivery, { message: await this.messages.compose(delivery.eventId, delivery.position) });
  }

  @Post('resend')
  @HttpCode(202)
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'resendFailedDeliveries',
    summary: 'Resend every delivery that was given up',
    description: 'The oldest first, 10,000 at most; each with a day of attempts as for a new one.',
  })
  @ApiAcceptedResponse({ type: ResentDeliveries })
  @ApiProblems('not-found', 'webhook-disabled')
  async resendFailed(@WebhookId() id: string): Promise<ResentDeliveries> {
    return this.deliveries.resendFailed(id);
  }

  @Post(':deliveryId/resend')
  @HttpCode(202)
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiDeliveryId()
  @ApiOperation({
    operationId: 'resendDelivery',
    summary: 'Resend a delivery, with a day of attempts as for a new one',
    description: 'Personal fields are null where the person was erased meanwhile.',
  })
  @ApiAcceptedResponse({ type: DeliveryItem })
  @ApiProblems('not-found', 'webhook-disabled')
  async resend(@WebhookId() id: string, @DeliveryId() deliveryId: string): Promise<DeliveryItem> {
    return this.deliveries.resend(id, deliveryId);
  }
}
