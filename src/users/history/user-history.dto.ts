import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsDate, IsIn, IsInt, IsOptional, Min, ValidateBy } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { USER_EVENTS, type UserEventType } from '../../events/catalogue.js';
import { listOf } from '../../events/read-events.dto.js';
import { DATE_TIME, LONGEST_DATE_TIME, parseInstant } from '../../http/request/date-time.js';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { IncludeDeletedQuery } from '../api/user-actions.dto.js';
import { INSTANT, instant, read } from '../api/users.dto.js';

const EVENT_TYPES = Object.keys(USER_EVENTS) as UserEventType[];

/** A point in a user's life: one of its versions, or a time. */
export type PointInHistory = { readonly version: number } | { readonly at: Date };

const version = (text: string): number | undefined => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined);
const LATEST_VERSION = 999_999_999_999_999;
const VERSION = { message: 'must be a whole number of at least 1' };

export class GetUserQuery extends IncludeDeletedQuery {
  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    description: 'state at this time; a time in the future means now',
  })
  @IsOptional()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly at?: Date;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: LATEST_VERSION,
    description: 'state at this version; not together with `at`',
  })
  @IsOptional()
  @Transform(read(version))
  @IsInt(VERSION)
  @Min(1, VERSION)
  readonly version?: number;
}

export class HistoryQuery extends IntersectionType(PageQuery, IncludeDeletedQuery) {
  @ApiPropertyOptional({
    type: String,
    description: 'event types, separated by commas',
    example: 'user.role_changed,user.suspended',
    pattern: listOf(EVENT_TYPES),
    maxLength: EVENT_TYPES.join(',').length,
  })
  @IsOptional()
  // A repeated key arrives as an array and is refused like any other value that is not a list of types.
  @Transform(({ value }): unknown => (typeof value === 'string' ? [...new Set(value.split(','))].sort() : [null]))
  @IsIn(EVENT_TYPES, {
    each: true,
    message: `must be one or more of ${EVENT_TYPES.join(', ')}, with commas between them`,
  })
  readonly type?: readonly UserEventType[];
}

function readPoint(text: string): PointInHistory | undefined {
  const number = version(text);
  if (number !== undefined) return { version: number };
  const at = parseInstant(text);
  return at && { at };
}

const isMoment = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Property: a version or a time. */
const IsMoment = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isMoment', validator: { validate: isMoment } },
    { message: 'must be a version such as 3, or an RFC 3339 date-time such as 2026-11-21T09:14:00Z' },
  );

const POINT_SCHEMA = { type: String, pattern: `^([1-9][0-9]{0,14}|${DATE_TIME})$`, maxLength: LONGEST_DATE_TIME };

export class DiffQuery extends IncludeDeletedQuery {
  @ApiProperty({ ...POINT_SCHEMA, description: 'a version or an RFC 3339 date-time', example: '1' })
  @Transform(read(readPoint))
  @IsMoment()
  readonly from: PointInHistory;

  @ApiPropertyOptional({
    ...POINT_SCHEMA,
    description: 'a version or an RFC 3339 date-time; defaults to now',
    example: '3',
  })
  @IsOptional()
  @Transform(read(readPoint))
  @IsMoment()
  readonly to?: PointInHistory;
}

const name = { type: String, nullable: true } as const;

/** The actor; the name is only shown to callers who may read that user. */
export class HistoryActor {
  @ApiProperty({ enum: ['user', 'anonymous', 'system'], enumName: 'ActorKind' })
  readonly kind: 'user' | 'anonymous' | 'system';

  @ApiPropertyOptional({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id?: string;

  @ApiPropertyOptional({ enum: USER_ROLES, enumName: 'UserRole', description: 'the role at that time' })
  readonly role?: UserRole;

  @ApiPropertyOptional({ ...name, example: 'Ada Lovelace' }) readonly name?: string | null;
  @ApiPropertyOptional({ ...name, example: 'ada' }) readonly username?: string | null;
  @ApiPropertyOptional({ ...name, example: 'ada@example.com' }) readonly email?: string | null;
}

export class HistoryItem {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ enum: EVENT_TYPES, enumName: 'UserEventType' }) readonly type: UserEventType;
  @ApiProperty({ type: 'integer', minimum: 1, description: 'schema version of `data`', example: 1 })
  readonly version: number;
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'the version of the user after this event',
    example: 3,
  })
  readonly userVersion: number;

  @ApiProperty({ example: 'Role changed from AUTHENTICATED to MANAGER' }) readonly summary: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'for a profile change, the changed fields with their new values; for a suspension, the reason, which is null in your own history unless you are an ADMIN',
    example: { from: 'AUTHENTICATED', to: 'MANAGER' },
  })
  readonly data: Readonly<Record<string, unknown>>;

  @ApiProperty({ description: 'whether the personal data was erased; its values are then null', example: false })
  readonly erased: boolean;

  @ApiProperty({ type: HistoryActor }) readonly actor: HistoryActor;

  @ApiProperty({
    description: 'trace id of the request; find its log lines with it',
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
  readonly traceId: string;

  @ApiProperty({ format: 'date-time' }) readonly occurredAt: string;
}

export class HistoryPage {
  @ApiProperty({ type: [HistoryItem] }) readonly items: HistoryItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}

class DiffEnd {
  @ApiProperty({ type: 'integer', minimum: 1, example: 3 }) readonly version: number;
  @ApiProperty({ format: 'date-time', description: 'when this version began' }) readonly at: string;
}

const VALUE = {
  title: 'FieldValue',
  anyOf: [
    { type: 'string', nullable: true },
    { type: 'boolean' },
    { type: 'array', items: { type: 'object', additionalProperties: true } },
  ],
};

class FieldChange {
  @ApiProperty({ example: 'role' }) readonly field: string;
  @ApiProperty({ ...VALUE, example: 'AUTHENTICATED' }) readonly from: unknown;
  @ApiProperty({ ...VALUE, example: 'MANAGER' }) readonly to: unknown;
}

export class UserDiff {
  @ApiProperty({ type: DiffEnd }) readonly from: DiffEnd;
  @ApiProperty({ type: DiffEnd }) readonly to: DiffEnd;

  @ApiProperty({
    type: [FieldChange],
    description: 'fields that differ between the two states; `contacts` is compared as a whole',
  })
  readonly changes: FieldChange[];

  @ApiProperty({ type: 'integer', minimum: 0, description: 'number of events between the two states', example: 2 })
  readonly events: number;
}
