import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { USER_EVENTS, type UserEventType } from '../events/catalogue.js';
import { PageLinks } from '../http/pagination/page-links.js';
import { PageInfo } from '../http/pagination/page.dto.js';
import type { DeadLetter } from './dead-letters.js';

export const SINK_STATES = ['running', 'late', 'failing', 'off'] as const;
export type SinkState = (typeof SINK_STATES)[number];

const count = (description: string, example: number) =>
  ({ type: 'integer', minimum: 0, description, example }) as const;
const text = { type: String, nullable: true } as const;

/** A destination of events: a broker, or all webhooks together. */
export class SinkItem {
  @ApiProperty({ example: 'kafka', description: '`kafka`, `rabbitmq`, or `webhooks`' }) readonly sink: string;

  @ApiProperty({
    enum: SINK_STATES,
    enumName: 'SinkState',
    example: 'running',
    description:
      '`late`: an event has waited for more than a minute; `failing`: it accepts nothing; `off`: it is no longer configured',
  })
  readonly state: SinkState;

  @ApiProperty(count('the last position that was sent', 4700)) readonly position: number;
  @ApiProperty(count('the last position of the feed', 4711)) readonly latest: number;
  @ApiProperty(count('events that wait', 11)) readonly lagEvents: number;
  @ApiProperty({ example: 0.4, description: 'age of the next event to send; 0 where none waits' })
  readonly lagSeconds: number;
  @ApiProperty({ example: 1.5, description: 'over the last half to one minute' }) readonly eventsPerSecond: number;
  @ApiProperty(count('events that it has confirmed, repeated ones included', 4700)) readonly published: number;
  @ApiProperty(count('events that it refused for good, counted to 10,000', 0)) readonly deadLetters: number;
  @ApiProperty({ ...text, example: 'web-1 (process 17)', description: 'the server that sends, or did last' })
  readonly leader: string | null;
  @ApiProperty({ ...text, format: 'date-time', example: null, description: 'since when it accepts nothing' })
  readonly failingSince: string | null;
  @ApiProperty({ ...text, example: null, description: 'why it accepts nothing' }) readonly failure: string | null;
}

export class SinkList {
  @ApiProperty({ type: [SinkItem] }) readonly items: SinkItem[];
}

export class DeadLetterItem {
  @ApiProperty({ type: 'integer', minimum: 1, example: 4700, description: 'position of the event in the feed' })
  readonly position: number;
  @ApiProperty({ format: 'uuid' }) readonly eventId: string;
  @ApiProperty({ enum: Object.keys(USER_EVENTS), enumName: 'UserEventType' }) readonly type: UserEventType;
  @ApiProperty({ format: 'uuid' }) readonly userId: string;
  @ApiProperty({
    example: 'no queue at exchange users takes user.created (NO_ROUTE)',
    description: 'answer of the sink',
  })
  readonly reason: string;
  @ApiProperty({ format: 'date-time' }) readonly refusedAt: string;

  static from(letter: DeadLetter): DeadLetterItem {
    return { ...letter, refusedAt: letter.refusedAt.toISOString() };
  }
}

export class DeadLetterPage {
  @ApiProperty({ type: [DeadLetterItem] }) readonly items: DeadLetterItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}

const LARGEST = 999_999_999_999_999;
const POSITION = { message: 'must be the position of a dead letter' };

export class ResendDeadLettersDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: LARGEST,
    example: 4700,
    description: 'the dead letter to begin at; without it, the first one',
  })
  @IsOptional()
  @IsInt(POSITION)
  @Min(1, POSITION)
  @Max(LARGEST, POSITION)
  readonly position?: number;
}

export class ResentItem {
  @ApiProperty({ type: 'integer', minimum: 1, example: 4700, description: 'the first position that is sent again' })
  readonly from: number;
  @ApiProperty(count('how many events are sent again', 12)) readonly events: number;
}
