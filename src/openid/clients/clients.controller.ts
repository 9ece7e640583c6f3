import { Body, Controller, Delete, Get, Headers, HttpCode, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { PageQuery } from '../../http/pagination/page.dto.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { sendEtag } from '../../users/api/etag.js';
import { ApiClientId, ApiClientIfMatch, ClientId, ClientIfMatch } from './client-id.js';
import { ClientLog } from './client-log.js';
import { ClientRegistry, SECRET_OVERLAP } from './client-registry.js';
import { ClientRegistrations } from './client-registrations.js';
import { ChangeClientDto, NewClientDto, RotateSecretDto } from './client.dto.js';
import {
  ClientEventItem,
  ClientEventPage,
  ClientPage,
  ClientResponse,
  ClientWithSecretResponse,
} from './client.response.js';

/** The clients: applications that sign their people in with Roster. */
@ApiTags('Clients')
@Controller('clients')
export class ClientsController {
  constructor(
    private readonly registry: ClientRegistry,
    private readonly registrations: ClientRegistrations,
    private readonly log: ClientLog,
  ) {}

  @Post()
  @Allow('ADMIN')
  // Control of its redirect URIs means receiving people who have signed in.
  @RequireStepUp()
  @ApiOperation({
    operationId: 'createClient',
    summary: 'Register a client: an application that signs people in with Roster',
    description: 'The secret is shown only once. A public client has none.',
  })
  @ApiHeader({
    name: 'idempotency-key',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
    description:
      'for 24 hours, a request with the same key and body returns the client of the first, without the secret: if its answer was lost, rotate the secret',
  })
  @ApiCreatedResponse({ type: ClientWithSecretResponse, headers: apiHeaders('Location', 'ETag') })
  @ApiProblems('validation-failed', 'idempotency-key-in-use', 'idempotency-key-reused')
  async create(
    @Body() body: NewClientDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<ClientWithSecretResponse> {
    const created = await this.registrations.create(body, caller, context, key);
    void reply.header('location', `/clients/${created.client.clientId}`);
    sendEtag(reply, created.client);
    return ClientWithSecretResponse.fromNew(created);
  }

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listClients',
    summary: 'List clients, by page, the newest first',
    description: 'Secrets are not shown.',
  })
  @ApiOkResponse({ type: ClientPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed')
  async page(@Query() query: PageQuery, @Reply() reply: FastifyReply): Promise<ClientPage> {
    const { items, ...page } = await this.registry.page(query);
    return pageAnswer(reply, query.limit, { items: items.map((client) => ClientResponse.from(client)), ...page });
  }

  @Get(':id')
  @Allow('ADMIN')
  @ApiClientId()
  @ApiOperation({ operationId: 'getClient', summary: 'Get a client', description: 'The secret is not shown.' })
  @ApiOkResponse({ type: ClientResponse, headers: apiHeaders('ETag') })
  @ApiProblems('not-found')
  async get(@ClientId() id: string, @Reply() reply: FastifyReply): Promise<ClientResponse> {
    const client = await this.registry.findById(id);
    sendEtag(reply, client);
    return ClientResponse.from(client);
  }

  @Patch(':id')
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiClientId()
  @ApiClientIfMatch()
  @ApiOperation({
    operationId: 'updateClient',
    summary: 'Change a client',
    description:
      'Changes only the given fields; a list replaces the former one. Effective at once: if it takes scopes, grant types, resources or `firstParty` away, the tokens of the client end. Whether a client is public cannot be changed.',
  })
  @ApiOkResponse({ type: ClientResponse, headers: apiHeaders('ETag') })
  @ApiProblems('validation-failed', 'nothing-to-update', 'not-found', 'precondition-failed')
  async change(
    @ClientId() id: string,
    @Body() body: ChangeClientDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @ClientIfMatch() ifMatch?: string,
  ): Promise<ClientResponse> {
    const client = await this.registry.change(id, body, { context, ifMatch });
    sendEtag(reply, client);
    return ClientResponse.from(client);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiClientId()
  @ApiClientIfMatch()
  @ApiOperation({
    operationId: 'deleteClient',
    summary: 'Delete a client',
    description: `At once and for good: nobody can sign in to it, and its tokens end. Services that verify its JWTs by themselves accept those until they
expire, at most ACCESS_TOKEN_TTL later; introspection refuses them at once. Its log stays.`,
  })
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'precondition-failed')
  async remove(
    @ClientId() id: string,
    @Context() context: RequestContext,
    @ClientIfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.registry.remove(id, { context, ifMatch });
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiClientId()
  @ApiClientIfMatch()
  @ApiBody({ type: RotateSecretDto, required: false })
  @ApiOperation({
    operationId: 'rotateClientSecret',
    summary: 'Replace the secret of a client',
    description:
      'The new secret is shown only once. The present one is accepted for a day more, or as long as `previousValidFor` says; `previousSecretUntil` says until when. At most five are accepted at once.',
  })
  @ApiOkResponse({ type: ClientWithSecretResponse, headers: apiHeaders('ETag') })
  @ApiProblems('validation-failed', 'not-found', 'client-has-no-secret', 'precondition-failed')
  async rotate(
    @ClientId() id: string,
    @Body() { previousValidFor = SECRET_OVERLAP }: RotateSecretDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @ClientIfMatch() ifMatch?: string,
  ): Promise<ClientWithSecretResponse> {
    const rotated = await this.registry.rotateSecret(id, previousValidFor, { context, ifMatch });
    sendEtag(reply, rotated.client);
    return ClientWithSecretResponse.fromNew(rotated);
  }

  @Get(':id/events')
  @Allow('ADMIN')
  @ApiClientId()
  @ApiOperation({
    operationId: 'listClientEvents',
    summary: 'List what was done to a client and by whom, by page, the newest first',
    description: 'Also after the client was deleted.',
  })
  @ApiOkResponse({ type: ClientEventPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'not-found')
  async events(
    @ClientId() id: string,
    @Query() query: PageQuery,
    @Reply() reply: FastifyReply,
  ): Promise<ClientEventPage> {
    const { items, ...page } = await this.log.page(id, query);
    return pageAnswer(reply, query.limit, { items: items.map((event) => ClientEventItem.from(event)), ...page });
  }
}
