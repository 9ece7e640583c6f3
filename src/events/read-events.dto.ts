import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsArray, IsDate, IsIn, IsInt, IsOptional, IsString, IsUUID, Max, Min, ValidateIf } from 'class-validator';
import { LONGEST_CURSOR } from '../http/pagination/cursor.js';
import { LONGEST_DATE_TIME, parseInstant } from '../http/request/date-time.js';
import { parsePosition } from '../http/request/event-stream.js';
import { ValidationFailed } from '../http/request/validation.js';
import { USER_EVENTS, type UserEventType } from './catalogue.js';

const TYPES = Object.keys(USER_EVENTS) as UserEventType[];

/** The types of each family, such as `user.*`. */
const FAMILIES = Map.groupBy(
  TYPES.flatMap((type) =>
    [...type.matchAll(/\./g)].map(({ index }) => ({ type, family: `${type.slice(0, index)}.*` })),
  ),
  ({ family }) => family,
);

/** Every event type, and every family of types. */
export const EVENT_NAMES: readonly string[] = [...FAMILIES.keys(), ...TYPES];

/** A pattern for the API document: one or more of these names, separated by commas. */
export const listOf = (names: readonly string[]): string => {
  const one = `(${names.map((name) => name.replace(/[.*]/g, '\\$&')).join('|')})`;
  return `^${one}(,${one})*$`;
};

const TYPES_MESSAGE = `must be event types, separated by commas, of: ${EVENT_NAMES.join(', ')}`;

/** The event types in a list such as `user.created,user.verification_token.*`; undefined when it names unknown ones. */
export function parseEventTypes(text: string): UserEventType[] | undefined {
  const named = text.split(',').map((name) => {
    const family = FAMILIES.get(name)?.map(({ type }) => type);
    return family ?? TYPES.filter((type) => type === name);
  });
  return named.some((types) => types.length === 0) ? undefined : [...new Set(named.flat())];
}

/** Replaces a value that is not a string, and is refused by the validation that follows. */
const REPEATED = 'a key that was given more than once';

const read =
  (parse: (text: string) => unknown) =>
  ({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? (parse(value) ?? value) : REPEATED;

const LARGEST_LIMIT = 1000;
const LIMIT = { message: `must be a whole number from 1 to ${LARGEST_LIMIT}` };
const POSITION = { message: 'must be a position, such as 0 for everything, or "latest"' };
const INSTANT = { message: 'must be a date-time such as 2026-11-20T10:00:00Z' };
const TIME = { type: String, format: 'date-time', maxLength: LONGEST_DATE_TIME } as const;
const ID = { format: 'uuid', maxLength: 36 } as const;
const USER_ID = { message: 'must be the id of a user' };
const lowerCase = ({ value }: TransformFnParams): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

const SORTS = ['position', '-occurredAt'] as const;
const BY_POSITION = 'not together with `sort=-occurredAt`';
const NEWEST_FIRST = 'only with `sort=-occurredAt`';

export class ReadEventsQuery {
  @ApiPropertyOptional({
    type: String,
    pattern: '^([0-9]{1,15}|latest)$',
    maxLength: 15,
    default: '0',
    example: '0',
    description: `only events after this position: 0 for all, \`latest\` for new ones only; ${BY_POSITION}`,
  })
  @Transform(read((text) => (text === 'latest' ? text : parsePosition(text))))
  @ValidateIf(({ after }: ReadEventsQuery) => after !== 'latest')
  @IsInt(POSITION)
  readonly after: number | 'latest' = 0;

  @ApiPropertyOptional({
    type: String,
    example: 'user.created,user.verification_token.*',
    pattern: listOf(EVENT_NAMES),
    maxLength: EVENT_NAMES.join(',').length,
    description: `only these types, separated by commas. Types: ${TYPES.join(', ')}. Families: ${[...FAMILIES.keys()].join(', ')}`,
  })
  @IsOptional()
  @Transform(read(parseEventTypes))
  @IsArray({ message: TYPES_MESSAGE })
  readonly types?: UserEventType[];

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: LARGEST_LIMIT, default: 100 })
  @Transform(read((text) => (/^\d{1,4}$/.test(text) ? Number(text) : undefined)))
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(LARGEST_LIMIT, LIMIT)
  readonly limit: number = 100;

  @ApiPropertyOptional({
    enum: SORTS,
    enumName: 'EventSort',
    default: 'position',
    description: '`position`: the feed, onward. `-occurredAt`: the newest first',
  })
  @IsIn(SORTS, { message: `must be one of ${SORTS.join(', ')}` })
  readonly sort: (typeof SORTS)[number] = 'position';

  @ApiPropertyOptional({
    pattern: '^[A-Za-z0-9_-]+$',
    maxLength: LONGEST_CURSOR,
    description: `nextCursor or prevCursor of another page of the same list; ${NEWEST_FIRST}`,
  })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly cursor?: string;

  @ApiPropertyOptional({ ...ID, description: 'only events about this user' })
  @IsOptional()
  @Transform(lowerCase)
  @IsUUID(undefined, USER_ID)
  readonly userId?: string;

  @ApiPropertyOptional({ ...ID, description: 'only events caused by this user' })
  @IsOptional()
  @Transform(lowerCase)
  @IsUUID(undefined, USER_ID)
  readonly actorId?: string;

  @ApiPropertyOptional({ ...TIME, description: `only events after this time; ${NEWEST_FIRST}` })
  @IsOptional()
  @Transform(read(parseInstant))
  @IsDate(INSTANT)
  readonly occurredAfter?: Date;

  @ApiPropertyOptional({ ...TIME, description: `only events before this time; ${NEWEST_FIRST}` })
  @IsOptional()
  @Transform(read(parseInstant))
  @IsDate(INSTANT)
  readonly occurredBefore?: Date;
}

/** Refuses parameters of the other order than the one that is asked for. @throws ValidationFailed */
export function refuseOtherOrder(given: object, sort: ReadEventsQuery['sort']): void {
  const others = sort === 'position' ? ['cursor', 'occurredAfter', 'occurredBefore'] : ['after'];
  const errors = others.filter((name) => name in given);
  if (errors.length === 0) return;
  const message =
    sort === 'position' ? 'is only possible with sort=-occurredAt' : 'is not possible with sort=-occurredAt';
  throw new ValidationFailed(errors.map((path) => ({ path, message })));
}
