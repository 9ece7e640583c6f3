import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import {
  ChangeWebhookDto,
  NewWebhookDto,
  WebhookList,
  WebhookResponse,
  WebhookTestResponse,
  WebhookWithSecret,
} from './webhook.dto.js';
import { type EndpointWithSecret, WebhookEndpoints } from './webhook-endpoints.js';
import { ApiWebhookId, WebhookId } from './webhook-id.js';
import { WebhookMessages } from './webhook-messages.js';
import { WebhookSender } from './webhook-sender.js';

const SIGNED = `Messages are CloudEvents 1.0 in JSON, signed as in Standard Webhooks (\`webhook-id\`, \`webhook-timestamp\`,
\`webhook-signature\`). Answer with 2xx within ten seconds. Otherwise the delivery is retried, up to nine attempts within a day;
redirects are not followed. Messages may come more than once, with the same \`webhook-id\`. Those of one user come one at a time, in
order; those of several users at once.`;

/** The endpoints of webhooks. */
@ApiTags('Webhooks')
@Controller('webhooks')
export class WebhooksController {
  /** The caller of a test waits for it, so a shutdown does not cut it off. */
  private readonly neverAborted = new AbortController().signal;

  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly messages: WebhookMessages,
    private readonly sender: WebhookSender,
  ) {}

  @Post()
  @Allow('ADMIN')
  // Its receiver reads what every user changes from then on: as much as an export.
  @RequireStepUp()
  @ApiOperation({
    operationId: 'addWebhook',
    summary: 'Add a webhook: events are posted to its URL from now on',
    description: `The secret is shown only once.\n\n${SIGNED}`,
  })
  @ApiCreatedResponse({ type: WebhookWithSecret, headers: apiHeaders('Location') })
  @ApiProblems('validation-failed', 'too-many-webhooks')
  async create(@Body() body: NewWebhookDto, @Reply() reply: FastifyReply): Promise<WebhookWithSecret> {
    const created = await this.endpoints.create(body);
    void reply.header('location', `/webhooks/${created.endpoint.id}`);
    return withSecret(created);
  }

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listWebhooks',
    summary: 'List all webhooks, the oldest first',
    description: 'All in one page. Secrets are not shown.',
  })
  @ApiOkResponse({ type: WebhookList })
  async list(): Promise<WebhookList> {
    return { items: (await this.endpoints.list()).map((endpoint) => WebhookResponse.from(endpoint)) };
  }

  @Get(':id')
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'getWebhook',
    summary: 'Get a webhook',
    description: 'Its URL, its event types, and whether it is enabled. The secret is not shown.',
  })
  @ApiOkResponse({ type: WebhookResponse })
  @ApiProblems('not-found')
  async get(@WebhookId() id: string): Promise<WebhookResponse> {
    return WebhookResponse.from(await this.endpoints.findById(id));
  }

  @Patch(':id')
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'changeWebhook',
    summary: 'Change a webhook, or disable and enable it',
    description:
      'Deliveries that wait for a disabled webhook are sent when it is enabled again; events of the time between are not.',
  })
  @ApiOkResponse({ type: WebhookResponse })
  @ApiProblems('validation-failed', 'not-found')
  async change(@WebhookId() id: string, @Body() body: ChangeWebhookDto): Promise<WebhookResponse> {
    return WebhookResponse.from(await this.endpoints.change(id, body));
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'removeWebhook',
    summary: 'Remove a webhook with its deliveries',
    description: 'At once, and for good. To keep the waiting deliveries, disable it instead.',
  })
  @ApiNoContentResponse()
  @ApiProblems('not-found')
  async remove(@WebhookId() id: string): Promise<void> {
    await this.endpoints.remove(id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Allow('ADMIN')
  // Who has the secret can tell its receiver anything of any user.
  @RequireStepUp()
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: 'Replace the secret',
    description:
      'A replaced secret stays valid for 24 hours: messages carry a signature by each valid secret, so a receiver that knows any of them accepts the message. Ten secrets are valid at once; the oldest expire first.',
  })
  @ApiOkResponse({ type: WebhookWithSecret })
  @ApiProblems('not-found')
  async rotate(@WebhookId() id: string): Promise<WebhookWithSecret> {
    return withSecret(await this.endpoints.rotateSecret(id));
  }

  @Post(':id/test')
  @HttpCode(200)
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'testWebhook',
    summary: 'Post a test message and report the outcome',
    description:
      'Its type is `webhook.test`, and it is signed like any other message. It is sent once, also to a disabled webhook.',
  })
  @ApiOkResponse({ type: WebhookTestResponse })
  @ApiProblems('not-found')
  async test(@WebhookId() id: string): Promise<WebhookTestResponse> {
    const endpoint = await this.endpoints.findById(id);
    return this.sender.send(this.messages.composeTest(id, endpoint.url, endpoint), this.neverAborted);
  }
}

function withSecret({ endpoint, secret }: EndpointWithSecret): WebhookWithSecret {
  return Object.assign(WebhookResponse.from(endpoint), { secret });
}
