import { Controller, type ExecutionContext, Get, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { AccessGuard } from '../access/access.guard.js';
import { Allow } from '../access/allow.decorator.js';
import { Execution } from '../access/execution.js';
import { ApiProblems } from '../problems/api-problems.js';
import { linkHeader, pageLinks } from '../http/pagination/page-links.js';
import { LastEventId, wantsStream } from '../http/request/event-stream.js';
import { Reply } from '../http/request/reply.decorator.js';
import { EventFeed, type FeedEvent } from './event-feed.js';
import { EventSearch } from './event-search.js';
import { EventStream } from './event-stream.js';
import { EventPage, EventResponse } from './event.response.js';
import { ReadEventsQuery, refuseOtherOrder } from './read-events.dto.js';

const DESCRIPTION = `Every event of every user, in the order of their positions, which never changes. Follow \`next\`, also
from an empty page, and each event comes exactly once. With \`types\`, a page may hold fewer than \`limit\` events before the
end of the feed.

With \`Accept: text/event-stream\`, the answer is a stream of server-sent events that continues as events happen: \`id\` is the
position, \`event\` the type, \`data\` the event in JSON. The stream ends when the permission to read it does, also when the access
token expires; reconnect with \`Last-Event-ID\`, which takes precedence over \`after\`. \`limit\` has no meaning there.

With \`sort=-occurredAt\`, the answer is a page of the same events in reverse, the newest first, with cursors in both directions: to look
into the past. Its \`nextAfter\` is where a stream goes on from.`;

const STREAM_EXAMPLE = 'id: 12\nevent: user.suspended\ndata: {"position":12,"type":"user.suspended"}\n\n';

@ApiTags('Events')
@Controller('events')
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly search: EventSearch,
    private readonly stream: EventStream,
    private readonly dataSource: DataSource,
    private readonly guard: AccessGuard,
  ) {}

  @Get()
  @Allow('ADMIN', 'events:read')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'The feed of events, or the events newest first',
    description: DESCRIPTION,
  })
  @ApiHeader({
    name: 'last-event-id',
    required: false,
    schema: { type: 'string', pattern: '^[0-9]{0,15}$' },
    description: 'the last `id` that was received from a stream',
  })
  @ApiExtraModels(EventPage, EventResponse)
  @ApiOkResponse({
    description: 'A page, or a stream.',
    headers: { Link: { description: 'with a page: the next one (RFC 8288)', schema: { type: 'string' } } },
    content: {
      'application/json': { schema: { $ref: getSchemaPath(EventPage) } },
      'text/event-stream': { schema: { type: 'string', example: STREAM_EXAMPLE } },
    },
  })
  @ApiProblems('validation-failed', 'forbidden')
  async read(
    @Query() query: ReadEventsQuery,
    @LastEventId() lastEventId: number | undefined,
    @Execution() execution: ExecutionContext,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<EventPage | StreamableFile> {
    void reply.header('vary', 'Accept');
    refuseOtherOrder(request.query as object, query.sort);
    if (query.sort === '-occurredAt') return this.newest(query, reply);
    const { after: asked, types, userId, actorId, limit } = query;
    const after = asked === 'latest' ? await this.feed.latest(this.dataSource) : asked;
    if (wantsStream(request)) {
      // nginx would buffer the events.
      void reply.header('x-accel-buffering', 'no');
      // The connection ends with its stream: kept alive for another request, it would delay a shutdown.
      void reply.header('connection', 'close');
      const mayRead = () => this.guard.stillLets(execution);
      const stream = this.stream.open({ after: lastEventId ?? after, types, userId, actorId, mayRead });
      return new StreamableFile(stream, { type: 'text/event-stream' });
    }
    const { events, next, latest } = await this.feed.read(this.dataSource, { after, types, userId, actorId, limit });
    const links = pageLinks(request.url, { nextCursor: String(next), prevCursor: null }, 'after');
    return this.answer(reply, events, { limit, nextAfter: next, latest }, links);
  }

  private async newest({ limit, cursor, ...filter }: ReadEventsQuery, reply: FastifyReply): Promise<EventPage> {
    const { types, userId, actorId, occurredAfter, occurredBefore } = filter;
    const asked = { limit, cursor, types, userId, actorId, occurredAfter, occurredBefore };
    const { items, latest, ...around } = await this.search.page(asked);
    const links = pageLinks(reply.request.url, around);
    return this.answer(reply, items, { limit, nextAfter: latest, latest, ...around }, links);
  }

  private answer(
    reply: FastifyReply,
    events: readonly FeedEvent[],
    page: EventPage['page'],
    links: EventPage['_links'],
  ): EventPage {
    void reply.header('link', linkHeader(links));
    return { items: events.map((event) => EventResponse.from(event)), page, _links: links };
  }
}
