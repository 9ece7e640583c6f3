import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { USER_EVENTS, type UserEventType } from '../../events/catalogue.js';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

const STATE = { enum: DELIVERY_STATES, enumName: 'DeliveryState' } as const;

export class DeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({
    ...STATE,
    description: '`failed`: not accepted after a day of attempts; it can be resent',
  })
  @IsOptional()
  @IsIn(DELIVERY_STATES, { message: `must be one of ${DELIVERY_STATES.join(', ')}` })
  readonly state?: DeliveryState;
}

const text = { type: String, nullable: true } as const;
const time = { ...text, format: 'date-time' } as const;

/** One attempt. */
export class DeliveryAttempt {
  @ApiProperty({ format: 'date-time', description: 'when it ended' }) readonly at: string;
  @ApiProperty({ type: 'integer', example: 41 }) readonly durationMs: number;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 500,
    description: 'of the response; null where there was none',
  })
  readonly status: number | null;
  @ApiProperty({ ...text, example: 'answered 500', description: 'why it was not accepted' }) readonly error:
    string | null;
  @ApiProperty({
    ...text,
    example: 'out of memory',
    description: 'beginning of the response body, where it was not accepted',
  })
  readonly answer: string | null;
}

/** The delivery of one event to one endpoint. The message itself is not kept. */
export class DeliveryItem {
  @ApiProperty({ format: 'uuid' }) readonly id: string;
  @ApiProperty({ format: 'uuid', description: 'id of the event; the `webhook-id` of the message' })
  readonly eventId: string;
  @ApiProperty({ enum: Object.keys(USER_EVENTS), enumName: 'UserEventType' }) readonly type: UserEventType;
  @ApiProperty({ format: 'uuid' }) readonly userId: string;
  @ApiProperty({ type: 'integer', example: 4711, description: 'position of the event in the feed' })
  readonly position: number;
  @ApiProperty(STATE) readonly state: DeliveryState;
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ ...time, example: null, description: 'when it was delivered, or failed for good' })
  readonly finishedAt: string | null;
  @ApiProperty({ ...time, description: 'earliest time of the next attempt, while it is pending' })
  readonly nextAttemptAt: string | null;
  @ApiProperty({ type: [DeliveryAttempt], description: 'the newest first' }) readonly attempts: DeliveryAttempt[];
}

/** A delivery with its message. */
export class DeliveryWithMessage extends DeliveryItem {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { specversion: '1.0', type: 'user.suspended' },
    description:
      'as it would be sent now, a CloudEvent: personal fields are null once the person was erased. Null where the event is no longer in the feed at its position',
  })
  readonly message: object | null;
}

export class ResentDeliveries {
  @ApiProperty({ type: 'integer', minimum: 0, example: 12 }) readonly resent: number;
  @ApiProperty({ example: false, description: 'whether others are left: ask again' }) readonly more: boolean;
}

export class DeliveryPage {
  @ApiProperty({ type: [DeliveryItem] }) readonly items: DeliveryItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
