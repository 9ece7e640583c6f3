import { Controller, type ExecutionContext, Get, Query, Req, StreamableFile } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessGuard } from '../../access/access.guard.js';
import { AllowServiceAccounts, OrServiceToken } from '../../access/allow.decorator.js';
import { Execution } from '../../access/execution.js';
import { linkHeader, pageLinks } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { LastEventId, wantsStream } from '../../http/request/event-stream.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationResponse, RevocationsPage } from './revocation.response.js';
import { RevocationStream } from './revocation-stream.js';

const LARGEST_LIMIT = 1000;
const LIMIT = { message: `must be a whole number from 1 to ${LARGEST_LIMIT}` };
const POSITION = { message: 'must be a position, such as 0 for everything that is kept' };

const whole =
  (digits: RegExp) =>
  ({ value }: TransformFnParams): unknown =>
    typeof value === 'string' && digits.test(value) ? Number(value) : 'not a number';

class ReadRevocationsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 999_999_999_999_999,
    example: 0,
    description: 'only revocations after this position; 0, or none, for all that are kept',
  })
  @Transform(whole(/^\d{1,15}$/))
  @IsInt(POSITION)
  readonly after: number = 0;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: LARGEST_LIMIT, example: 100 })
  @Transform(whole(/^\d{1,4}$/))
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(LARGEST_LIMIT, LIMIT)
  readonly limit: number = 100;
}

const DESCRIPTION = `What a service has to know that verifies access tokens by itself: sessions that ended, users whose role or status
changed, and signing keys that were retired. It holds nothing personal. Follow \`nextAfter\`, and each revocation comes exactly once; read
everything that is kept (\`after=0\`) before the first token is accepted. \`revocations-missed\` tells a reader that was away for too long to start
anew with \`after=0\`.

With \`Accept: text/event-stream\`, the answer is a stream of server-sent events that continues as revocations happen: \`id\` is the position,
\`event\` is \`revocation\`, \`data\` the revocation in JSON. A comment, \`: up to date 12345\`, follows whenever all there is has been sent, and every two
seconds: as of so many milliseconds after the request began, there was no more. A reader that hears nothing for longer should reconnect with
\`Last-Event-ID\`, which takes precedence over \`after\`, and not accept tokens meanwhile.

For services: they send the key of a service account with the scope \`revocations:read\` as their bearer token; its role does not matter. The value
of INTROSPECTION_TOKEN is accepted for this release only. People may not read it, whatever their role.`;

const STREAM_EXAMPLE =
  'id: 17\nevent: revocation\ndata: {"position":17,"sid":"019aa53c-7b1e-7d3a-9c58-2f6d1b0e4a77","reason":"signed-out","at":"2026-11-20T10:00:00.000Z"}\n\n';

@ApiTags('Auth')
@Controller('auth/revocations')
export class RevocationFeedController {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly stream: RevocationStream,
    private readonly guard: AccessGuard,
  ) {}

  @Get()
  @AllowServiceAccounts('revocations:read')
  @OrServiceToken('INTROSPECTION_TOKEN')
  @ApiOperation({ operationId: 'listRevocations', summary: 'The feed of revocations', description: DESCRIPTION })
  @ApiHeader({
    name: 'last-event-id',
    required: false,
    schema: { type: 'string', pattern: '^[0-9]{0,15}$' },
    description: 'the last `id` that was received from a stream',
  })
  @ApiExtraModels(RevocationsPage, RevocationResponse)
  @ApiOkResponse({
    description: 'A page, or a stream.',
    headers: { Link: { description: 'with a page: the next one (RFC 8288)', schema: { type: 'string' } } },
    content: {
      'application/json': { schema: { $ref: getSchemaPath(RevocationsPage) } },
      'text/event-stream': { schema: { type: 'string', example: STREAM_EXAMPLE } },
    },
  })
  @ApiProblems('validation-failed', 'revocations-missed', 'too-many-requests')
  async read(
    @Query() { after, limit }: ReadRevocationsQuery,
    @LastEventId() lastEventId: number | undefined,
    @Execution() execution: ExecutionContext,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<RevocationsPage | StreamableFile> {
    void reply.header('vary', 'Accept');
    const streams = wantsStream(request);
    const place = streams ? (lastEventId ?? after) : after;
    // Also before a stream: what was missed is said by the status.
    const { revocations, next, isLast } = await this.feed.read(place, streams ? 1 : limit);
    if (streams) {
      // nginx would buffer the events.
      void reply.header('x-accel-buffering', 'no');
      // The connection ends with its stream: kept alive for another request, it would delay a shutdown.
      void reply.header('connection', 'close');
      const mayRead = () => this.guard.stillLets(execution);
      return new StreamableFile(
        this.stream.start({ after: place, reader: request.caller?.userId ?? 'INTROSPECTION_TOKEN', mayRead }),
        {
          type: 'text/event-stream',
        },
      );
    }
    const links = pageLinks(request.url, { nextCursor: String(next), prevCursor: null }, 'after');
    void reply.header('link', linkHeader(links));
    return {
      items: revocations.map((revocation) => RevocationResponse.from(revocation)),
      page: { limit, nextAfter: next, hasMore: !isLast, keptForSeconds: this.feed.keptForSeconds },
      _links: links,
    };
  }
}
