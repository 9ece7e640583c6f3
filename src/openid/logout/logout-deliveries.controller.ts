import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeliveryNotFound } from '../../relay/webhooks/webhook-errors.js';
import { ApiClientId, ClientId } from '../clients/client-id.js';
import { LogoutDeliveries } from './logout-deliveries.js';
import { LogoutDeliveriesQuery, LogoutDeliveryItem, LogoutDeliveryPage } from './logout.dto.js';

/** What clients are told of ended sessions. */
@ApiTags('Clients')
@Controller('clients/:id/logouts')
export class LogoutDeliveriesController {
  constructor(private readonly deliveries: LogoutDeliveries) {}

  @Get()
  @Allow('ADMIN')
  @ApiClientId()
  @ApiOperation({
    operationId: 'listClientLogouts',
    summary: 'List the logout tokens of a client, by page, the newest first',
    description:
      'One for each end of a session that signed somebody in to it, while it has a `backchannelLogoutUri` (OpenID Connect Back-Channel Logout 1.0). Retried for a day. A delivered one is kept for 7 days, any other for 30.',
  })
  @ApiOkResponse({ type: LogoutDeliveryPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'not-found')
  async page(
    @ClientId() id: string,
    @Query() query: LogoutDeliveriesQuery,
    @Reply() reply: FastifyReply,
  ): Promise<LogoutDeliveryPage> {
    return pageAnswer(reply, query.limit, await this.deliveries.page(id, query));
  }

  @Post(':logoutId/resend')
  @HttpCode(202)
  @Allow('ADMIN')
  @ApiClientId()
  @ApiParam({ name: 'logoutId', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6072' })
  @ApiOperation({
    operationId: 'resendClientLogout',
    summary: 'Resend a logout token, with a day of attempts as for a new one',
    description: 'The token itself is new.',
  })
  @ApiAcceptedResponse({ type: LogoutDeliveryItem })
  @ApiProblems('not-found')
  async resend(
    @ClientId() id: string,
    @Param('logoutId', new ParseUUIDPipe({ exceptionFactory: () => new DeliveryNotFound() })) logoutId: string,
  ): Promise<LogoutDeliveryItem> {
    return this.deliveries.resend(id, logoutId);
  }
}
