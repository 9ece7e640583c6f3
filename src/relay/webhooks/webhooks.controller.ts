import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
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

const SIGNED = `Messages are CloudEvents 1.0 in JSON, signed as Standard Webhooks has it (\`webhook-id\`, \`webhook-timestamp\`,
\`webhook-signature\`). Answer with 2xx within ten seconds. Anything else is tried again, nine times in a day, and then given up;
redirects are not followed. Messages may come more than once, with the same \`webhook-id\`. Those of one user come one after the
other, in order; those of several at once.`;

/** Endpoints that events are posted to. */
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
  @ApiOperation({
    operationId: 'addWebhook',
    summary: 'Have events posted to a URL, from now on',
    description: `The secret is shown this once.\n\n${SIGNED}`,
  })
  @ApiCreatedResponse({ type: WebhookWithSecret, headers: apiHeaders('Location') })
  @ApiProblems('validation-failed', 'too-many-webhooks')
  async create(
    @Body() body: NewWebhookDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookWithSecret> {
    const created = await this.endpoints.create(body);
    void reply.header('location', `/webhooks/${created.endpoint.id}`);
    return withSecret(created);
  }

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listWebhooks',
    summary: 'Every webhook, the oldest first',
    description: 'All in one answer: there are too few for pages. Secrets are not shown.',
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
    summary: 'One webhook',
    description: 'Where it posts to, what it gets, and whether it is switched on. The secret is not shown.',
  })
  @ApiOkResponse({ type: WebhookResponse })
  @ApiProblems('not-found')
  async get(@WebhookId() id: string): Promise<WebhookResponse> {
    return WebhookResponse.from(await this.endpoints.find(id));
  }

  @Patch(':id')
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'changeWebhook',
    summary: 'Change a webhook, or switch it off and on',
    description: 'What waits for one that is switched off is sent when it is on again; what happens meanwhile is not.',
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
    summary: 'Remove a webhook, with what waits for it and the record of what it got',
    description: 'At once, and for good. To keep what waits for it, switch it off instead.',
  })
  @ApiNoContentResponse()
  @ApiProblems('not-found')
  async remove(@WebhookId() id: string): Promise<void> {
    await this.endpoints.remove(id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Allow('ADMIN')
  @ApiWebhookId()
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: 'Replace the secret',
    description:
      'Each secret that is replaced goes on to sign for 24 hours, so messages carry several signatures, and a receiver that knows any of these secrets takes them. Ten secrets are good at a time; of more, the oldest end.',
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
    summary: 'Post a message that tells nothing, and say what came of it',
    description:
      'Its type is `webhook.test`, signed as any other; it is sent once, also to a webhook that is switched off.',
  })
  @ApiOkResponse({ type: WebhookTestResponse })
  @ApiProblems('not-found')
  async test(@WebhookId() id: string): Promise<WebhookTestResponse> {
    const endpoint = await this.endpoints.find(id);
    return this.sender.send(this.messages.composeTest(id, endpoint.url, endpoint), this.neverAborted);
  }
}

function withSecret({ endpoint, secret }: EndpointWithSecret): WebhookWithSecret {
  return Object.assign(WebhookResponse.from(endpoint), { secret });
}
