import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsArray, IsInt, IsOptional, Max, Min, ValidateIf } from 'class-validator';
import type { FastifyRequest } from 'fastify';
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

function parsePosition(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
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

export class ReadEventsQuery {
  @ApiPropertyOptional({
    type: String,
    pattern: '^([0-9]{1,15}|latest)$',
    maxLength: 15,
    default: '0',
    example: '0',
    description: 'only events after this position: 0 for all, `latest` for new ones only',
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
}

/** Parameter: the position of a reader of server-sent events, from its `Last-Event-ID`. */
export const LastEventId = createParamDecorator((_: unknown, execution: ExecutionContext): number | undefined => {
  const text = execution.switchToHttp().getRequest<FastifyRequest>().headers['last-event-id'];
  if (text === undefined || text === '') return undefined;
  const position = typeof text === 'string' ? parsePosition(text) : undefined;
  if (position !== undefined) return position;
  throw new ValidationFailed([{ path: 'Last-Event-ID', message: 'must be the id of an event of this feed' }]);
});
