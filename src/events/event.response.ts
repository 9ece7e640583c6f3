import { ApiProperty } from '@nestjs/swagger';
import { USER_ROLES, type UserRole } from '../access/role.js';
import { PageLinks } from '../http/pagination/page-links.js';
import { USER_EVENTS, type UserEventType } from './catalogue.js';
import type { FeedEvent } from './event-feed.js';

class ActorResponse {
  @ApiProperty({ enum: ['user', 'anonymous', 'system'] })
  readonly kind: 'user' | 'anonymous' | 'system';

  @ApiProperty({ format: 'uuid', required: false, description: 'id of the `user`' })
  readonly id?: string;

  @ApiProperty({
    enum: USER_ROLES,
    enumName: 'UserRole',
    required: false,
    description: 'role of the `user` at that time',
  })
  readonly role?: UserRole;
}

const HASH = 'HMAC-SHA-256 with a key of the server, in base64url';

/** An event as it leaves Roster. */
export class EventResponse {
  @ApiProperty({ type: 'integer', example: 4711, description: 'position in the feed: 1, 2, 3, ... without gaps' })
  readonly position: number;

  @ApiProperty({ format: 'uuid', description: 'UUIDv7; the same each time the event is read' })
  readonly id: string;

  @ApiProperty({ enum: Object.keys(USER_EVENTS), enumName: 'UserEventType' })
  readonly type: UserEventType;

  @ApiProperty({ type: 'integer', example: 1, description: 'schema version of `data`' })
  readonly version: number;

  @ApiProperty({ format: 'uuid' })
  readonly userId: string;

  @ApiProperty({ type: 'integer', example: 3, description: '1, 2, 3, ... without gaps for each user' })
  readonly userVersion: number;

  @ApiProperty({ type: ActorResponse })
  readonly actor: ActorResponse;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  readonly traceId: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly occurredAt: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { username: 'ada' },
    description: 'fields of the type; personal fields are null once the person was erased',
  })
  readonly data: object;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Zk1h0p3nQ8b5d2xw7Yt6uV9sLkE4MN2yLV6H3xX0n3J',
    description: '`hash` of the previous event of the same user',
  })
  readonly previousHash: string | null;

  @ApiProperty({ example: 'N2yLV6H3xX0n3Jq5oZbC3d8wq2Rk0m1Yt7uP9sLkE4M', description: HASH })
  readonly hash: string;

  static from(event: FeedEvent): EventResponse {
    return {
      position: event.position,
      id: event.id,
      type: event.type,
      version: event.version,
      userId: event.userId,
      userVersion: event.userVersion,
      actor: event.actor,
      traceId: event.traceId,
      occurredAt: event.occurredAt.toISOString(),
      data: event.data,
      previousHash: event.previousHash?.toString('base64url') ?? null,
      hash: event.hash.toString('base64url'),
    };
  }
}

const CURSOR = { type: String, nullable: true, required: false, example: null } as const;

class EventPageInfo {
  @ApiProperty({ type: 'integer', example: 100 })
  readonly limit: number;

  @ApiProperty({
    type: 'integer',
    example: 4711,
    description: '`after` of the next page, whose events may not exist yet',
  })
  readonly nextAfter: number;

  @ApiProperty({
    type: 'integer',
    example: 4711,
    description: 'last position in the feed; equal to `nextAfter` at its end',
  })
  readonly latest: number;

  @ApiProperty({ ...CURSOR, description: 'with `sort=-occurredAt`; null on the last page' })
  readonly nextCursor?: string | null;

  @ApiProperty({ ...CURSOR, description: 'with `sort=-occurredAt`; null on the first page' })
  readonly prevCursor?: string | null;
}

export class EventPage {
  @ApiProperty({ type: [EventResponse] })
  readonly items: EventResponse[];

  @ApiProperty({ type: EventPageInfo })
  readonly page: EventPageInfo;

  @ApiProperty({ type: PageLinks })
  readonly _links: PageLinks;
}
