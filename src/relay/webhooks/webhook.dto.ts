import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  Matches,
  ValidateIf,
} from 'class-validator';
import { EVENT_NAMES } from '../../events/read-events.dto.js';
import { LINES } from '../../http/request/text-patterns.js';
import { DISABLED_REASONS, type DisabledReason, type Endpoint } from './webhook-endpoints.js';

const MAX_URL = 2000;
const MAX_DESCRIPTION = 200;
const URL_EXAMPLE = 'https://crm.example.com/hooks/roster';
const EVERY_TYPE = 'user.*';

const IfGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
const TARGET = '^https?://[^\\s\\\\]{1,1990}$';
const URL_SCHEMA = { format: 'uri', pattern: TARGET, maxLength: MAX_URL, example: URL_EXAMPLE } as const;
const IsTarget = (): PropertyDecorator =>
  Matches(new RegExp(TARGET), { message: 'must be a URL that starts with https://' });

const TYPES = {
  type: [String],
  enum: EVENT_NAMES,
  enumName: 'EventName',
  minItems: 1,
  maxItems: EVENT_NAMES.length,
  uniqueItems: true,
  example: [EVERY_TYPE],
  description: 'event types, or families of them such as `user.*`, which is all',
} as const;

const AreTypes = (): PropertyDecorator =>
  applyDecorators(
    IsArray({ message: 'must be a list of event types' }),
    ArrayMinSize(1, { message: 'must name at least one event type' }),
    ArrayMaxSize(EVENT_NAMES.length, { message: 'must name each event type once' }),
    ArrayUnique({ message: 'must name each event type once' }),
    IsIn(EVENT_NAMES, { each: true, message: `must be event types of: ${EVENT_NAMES.join(', ')}` }),
  );

const DESCRIPTION = { type: String, maxLength: MAX_DESCRIPTION, nullable: true, example: 'CRM' } as const;
const IsDescription = (): PropertyDecorator =>
  applyDecorators(
    ValidateIf((_, value) => value !== undefined && value !== null),
    Matches(new RegExp(LINES), { message: 'must not hold control characters' }),
  );

export class NewWebhookDto {
  @ApiProperty({ ...URL_SCHEMA, description: 'where events are posted to' })
  @IsTarget()
  readonly url: string;

  @ApiPropertyOptional({ ...TYPES, default: [EVERY_TYPE] })
  @IfGiven()
  @AreTypes()
  readonly types: string[] = [EVERY_TYPE];

  @ApiPropertyOptional({ ...DESCRIPTION, description: 'for people, such as the name of the receiver' })
  @IsDescription()
  readonly description?: string | null;
}

export class ChangeWebhookDto {
  @ApiPropertyOptional(URL_SCHEMA)
  @IfGiven()
  @IsTarget()
  readonly url?: string;

  @ApiPropertyOptional(TYPES)
  @IfGiven()
  @AreTypes()
  readonly types?: string[];

  @ApiPropertyOptional(DESCRIPTION)
  @IsDescription()
  readonly description?: string | null;

  @ApiPropertyOptional({ example: true, description: '`true` also ends the pause of a failing webhook' })
  @IfGiven()
  @IsBoolean({ message: 'must be true or false' })
  readonly enabled?: boolean;
}

const time = { type: String, format: 'date-time', nullable: true, example: null } as const;

class DeliveryCounts {
  @ApiProperty({ type: 'integer', minimum: 0, example: 0, description: 'that wait, counted to 1000' })
  readonly pending: number;
  @ApiProperty({ type: 'integer', minimum: 0, example: 0, description: 'that were given up, counted to 1000' })
  readonly failed: number;
}

export class WebhookResponse {
  @ApiProperty({ format: 'uuid' }) readonly id: string;
  @ApiProperty({ format: 'uri', example: URL_EXAMPLE }) readonly url: string;
  @ApiProperty({ type: [String], example: [EVERY_TYPE] }) readonly types: string[];
  @ApiProperty({ type: String, nullable: true, example: 'CRM' }) readonly description: string | null;
  @ApiProperty({ example: true }) readonly enabled: boolean;

  @ApiProperty({ ...time, description: 'since when it is disabled' })
  readonly disabledAt: string | null;

  @ApiProperty({
    enum: DISABLED_REASONS,
    enumName: 'WebhookDisabledReason',
    nullable: true,
    example: null,
    description:
      '`admin`: by an admin; `failing`: it accepted nothing for days; `gone`: it answered 410. Events of that time are not sent later',
  })
  readonly disabledReason: DisabledReason | null;

  @ApiProperty({ ...time, description: 'since when it has accepted nothing' })
  readonly failingSince: string | null;

  @ApiProperty({ type: DeliveryCounts, description: 'how many deliveries there are in these states' })
  readonly deliveries: DeliveryCounts;

  @ApiProperty({
    ...time,
    description: 'until when messages are also signed with the previous secret; those replaced earlier expire earlier',
  })
  readonly previousSecretUntil: string | null;

  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ format: 'date-time' }) readonly updatedAt: string;

  static from(endpoint: Endpoint): WebhookResponse {
    return {
      id: endpoint.id,
      url: endpoint.url,
      types: [...endpoint.types],
      description: endpoint.description,
      enabled: endpoint.disabled_at === null,
      disabledAt: isoOrNull(endpoint.disabled_at),
      disabledReason: endpoint.disabled_reason,
      failingSince: isoOrNull(endpoint.failing_since),
      deliveries: { pending: endpoint.pending, failed: endpoint.failed },
      previousSecretUntil: isoOrNull(endpoint.previous_secret_until),
      createdAt: endpoint.created_at.toISOString(),
      updatedAt: endpoint.updated_at.toISOString(),
    };
  }
}

export class WebhookWithSecret extends WebhookResponse {
  @ApiProperty({
    pattern: '^whsec_[A-Za-z0-9+/=]+$',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    description: 'signs the messages; shown only once',
  })
  readonly secret: string;
}

export class WebhookList {
  @ApiProperty({ type: [WebhookResponse] }) readonly items: WebhookResponse[];
}

export class WebhookTestResponse {
  @ApiProperty({ example: true, description: 'whether the response was 2xx, in time' }) readonly accepted: boolean;
  @ApiProperty({ type: 'integer', nullable: true, example: 204, description: 'of the response' })
  readonly status: number | null;
  @ApiProperty({ type: 'integer', example: 38 }) readonly durationMs: number;
  @ApiProperty({ type: String, nullable: true, example: null, description: 'why it was not accepted' })
  readonly error: string | null;
  @ApiProperty({ type: String, nullable: true, example: null, description: 'beginning of the response body' })
  readonly answer: string | null;
}

function isoOrNull(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
