import { ApiProperty } from '@nestjs/swagger';
import { PageInfo } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { DeliveriesQuery, DELIVERY_STATES, type DeliveryState } from '../../relay/webhooks/delivery.dto.js';

export type LogoutDeliveryState = DeliveryState;

export class LogoutDeliveriesQuery extends DeliveriesQuery {}

const time = { type: String, format: 'date-time', nullable: true } as const;

/** That a client is told of the end of one session. The token is made when it is sent, and not kept. */
export class LogoutDeliveryItem {
  @ApiProperty({ format: 'uuid' }) readonly id: string;
  @ApiProperty({ format: 'uuid', description: 'the `sid` of the token' }) readonly sessionId: string;
  @ApiProperty({ format: 'uuid', description: 'the `sub` of the token' }) readonly userId: string;
  @ApiProperty({ enum: DELIVERY_STATES, enumName: 'DeliveryState' }) readonly state: DeliveryState;
  @ApiProperty({ type: 'integer', minimum: 0, example: 0, description: 'since it was queued or resent' })
  readonly failedAttempts: number;
  @ApiProperty({ format: 'date-time', description: 'when the session ended' }) readonly createdAt: string;
  @ApiProperty({ ...time, example: null, description: 'when it was delivered, or failed for good' })
  readonly finishedAt: string | null;
  @ApiProperty({ ...time, example: null, description: 'earliest time of the next attempt, while it is pending' })
  readonly nextAttemptAt: string | null;
  @ApiProperty({ ...time, example: null }) readonly lastAttemptAt: string | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 500,
    description: 'of the last response; null where there was none',
  })
  readonly lastStatus: number | null;
  @ApiProperty({ type: String, nullable: true, example: 'answered 500', description: 'why it was not accepted' })
  readonly lastError: string | null;
}

export class LogoutDeliveryPage {
  @ApiProperty({ type: [LogoutDeliveryItem] }) readonly items: LogoutDeliveryItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
