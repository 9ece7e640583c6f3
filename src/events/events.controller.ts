import { Controller, type ExecutionContext, Get, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { AccessGuard } from '../access/access.guard.js';
import { Allow } from '../access/allow.decorator.js';
import { Execution } from '../access/execution.js';
import { ApiProblems } from '../problems/api-problems.js';
import { linkHeader, pageLinks } from '../http/pagination/page-links.js';
import { Reply } from '../http/request/reply.decorator.js';
import { EventFeed } from './event-feed.js';
import { EventStream } from './event-stream.js';
import { EventPage, EventResponse } from './event.response.js';
import { LastEventId, ReadEventsQuery } from './read-events.dto.js';

const DESCRIPTION = `Every event of every user, in the order of their positions, which never changes. Follow \`next\`, also
from an empty page, and each event comes exactly once. With \`types\`, a page may hold fewer than \`limit\` events before the
end of the feed.

With \`Accept: text/event-stream\`, the answer is a stream of server-sent events that continues as events happen: \`id\` is the
position, \`event\` the type, \`data\` the event in JSON. The stream ends when the permission to read it does, also when the access
token expires; reconnect with \`Last-Event-ID\`, which takes precedence over \`after\`. \`limit\` has no meaning there.`;

const STREAM_EXAMPLE = 'id: 12\nevent: user.suspended\ndata: {"position":12,"type":"user.suspended"}\n\n';

@ApiTags('Events')
@Controller('events')
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly stream: EventStream,
    private readonly dataSource: DataSource,
    private readonly guard: AccessGuard,
  ) {}

  @Get()
  @Allow('ADMIN')
  @ApiOperation({ operationId: 'listEvents', summary: 'The feed of events', description: DESCRIPTION })
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
    @Query() { after: asked, types, limit }: ReadEventsQuery,
    @LastEventId() lastEventId: number | undefined,
    @Execution() execution: ExecutionContext,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<EventPage | StreamableFile> {
    void reply.header('vary', 'Accept');
    const after = asked === 'latest' ? await this.feed.latest(this.dataSource) : asked;
    if (wantsStream(request)) {
      // nginx would buffer the events.
      void reply.header('x-accel-buffering', 'no');
      // The connection ends with its stream: kept alive for another request, it would delay a shutdown.
      void reply.header('connection', 'close');
      const mayRead = () => this.guard.stillLets(execution);
      const stream = this.stream.open({ after: lastEventId ?? after, types, mayRead });
      return new StreamableFile(stream, { type: 'text/event-stream' });
    }
    const { events, next, latest } = await this.feed.read(this.dataSource, { after, types, limit });
    const links = pageLinks(request.url, { nextCursor: String(next), prevCursor: null }, 'after');
    void reply.header('link', linkHeader(links));
    return {
      items: events.map((event) => EventResponse.from(event)),
      page: { limit, nextAfter: next, latest },
      _links: links,
    };
  }
}

/** A HEAD has no body to stream. */
function wantsStream({ method, headers }: FastifyRequest): boolean {
  return method !== 'HEAD' && /\btext\/event-stream\b/i.test(headers.accept ?? '');
}
