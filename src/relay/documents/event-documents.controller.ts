import { Controller, Get, Header, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DomainError } from '../../problems/domain-error.js';
import { wantsJson } from '../../http/pages/pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { dataSchemaUrl } from '../cloud-event.js';
import { USER_EVENTS } from '../../events/catalogue.js';
import { asyncApiDocument } from './asyncapi-document.js';
import { dataSchemaDocument, EVENT_TYPES } from './event-schemas.js';
import { eventsPage, PAGE_POLICY } from './events-page.js';

export class EventSchemaNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Schema not found.');
  }
}

const CACHE_CONTROL = 'public, max-age=300';
const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;
const JSON_TYPE = 'application/json; charset=utf-8';
const ASYNC_API = {
  schema: {
    title: 'AsyncApiDocument',
    type: 'object',
    required: ['asyncapi', 'info', 'channels', 'operations', 'components'],
    properties: {
      asyncapi: { type: 'string' },
      info: ANY_OBJECT,
      channels: ANY_OBJECT,
      operations: ANY_OBJECT,
      components: ANY_OBJECT,
    },
    additionalProperties: true,
    example: { asyncapi: '3.0.0', info: {}, channels: {}, operations: {}, components: {} },
  },
};
const FILE_EXAMPLE = 'user.created.v1.json';

/** The documentation of events, for people and for tools, generated once from their declarations. */
@ApiTags('Operations')
@Controller('docs/events')
export class EventDocumentsController {
  private readonly page: string;
  private readonly asyncApi: string;
  private readonly schemas: ReadonlyMap<string, string>;

  constructor(@InjectSettings() settings: Settings) {
    this.page = eventsPage(settings);
    this.asyncApi = JSON.stringify(asyncApiDocument(settings));
    this.schemas = new Map(
      EVENT_TYPES.map((type) => {
        const { version } = USER_EVENTS[type];
        const file = dataSchemaUrl('', { type, version }).split('/').at(-1) ?? '';
        return [file, JSON.stringify(dataSchemaDocument(type, settings))];
      }),
    );
  }

  @Get()
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'getEventsPage',
    summary: 'The published events, as a page',
    description:
      'For people: each event with its fields, and how events are delivered. With `Accept: application/json`, the AsyncAPI document.',
  })
  @ApiOkResponse({
    headers: { Vary: { schema: { type: 'string' }, description: '`Accept`' } },
    content: {
      'text/html': { schema: { type: 'string', example: '<!doctype html><title>Roster events</title>' } },
      'application/json': ASYNC_API,
    },
  })
  @Header('cache-control', CACHE_CONTROL)
  @Header('vary', 'Accept')
  show(@Req() request: FastifyRequest, @Reply() reply: FastifyReply): string {
    if (wantsJson(request)) {
      void reply.header('content-type', JSON_TYPE);
      return this.asyncApi;
    }
    void reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY });
    return this.page;
  }

  @Get('schemas/:file')
  @Allow('ANONYMOUS')
  @ApiParam({ name: 'file', example: FILE_EXAMPLE, description: 'last part of the `dataschema` of an event' })
  @ApiOperation({
    operationId: 'getEventSchema',
    summary: 'The JSON Schema (2020-12) of the data of an event',
    description: 'The target of `dataschema` in an event. `/docs/events` links to each.',
  })
  @ApiOkResponse({
    content: {
      'application/schema+json': {
        schema: {
          title: 'EventSchema',
          type: 'object',
          required: ['$schema', 'title', 'type', 'properties'],
          properties: {
            $schema: { type: 'string' },
            title: { type: 'string' },
            type: { type: 'string' },
            properties: ANY_OBJECT,
          },
          additionalProperties: true,
          example: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            title: 'user.password_changed',
            type: 'object',
            properties: {},
          },
        },
      },
    },
  })
  @ApiProblems('not-found')
  @Header('content-type', 'application/schema+json')
  @Header('cache-control', CACHE_CONTROL)
  schema(@Param('file') file: string): string {
    const schema = this.schemas.get(file);
    if (schema === undefined) throw new EventSchemaNotFound();
    return schema;
  }
}

/** The AsyncAPI document under an address of its own, for tools. */
@ApiTags('Operations')
@Controller('docs/events.json')
export class AsyncApiController {
  private readonly document: string;

  constructor(@InjectSettings() settings: Settings) {
    this.document = JSON.stringify(asyncApiDocument(settings));
  }

  @Get()
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'getAsyncApiDocument',
    summary: 'The published events (AsyncAPI 3.0)',
    description: 'For tools: channels, messages and schemas.',
  })
  @ApiOkResponse({ content: { 'application/json': ASYNC_API } })
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', CACHE_CONTROL)
  show(): string {
    return this.document;
  }
}
