import { ApiProperty } from '@nestjs/swagger';
import { PageInfo } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { AUTH_EVENT_TYPES } from './auth-event.js';

const NOT_OF_SIGN_INS: ReadonlySet<string> = new Set(['access.denied', 'access.granted', 'limit.exceeded']);

/** Evidence of a user's own sign-ins, without actions of others on the user or refusals to them. */
export const SIGN_IN_TYPES = AUTH_EVENT_TYPES.filter((type) => !NOT_OF_SIGN_INS.has(type));
export type SignInType = (typeof SIGN_IN_TYPES)[number];

const text = { type: String, nullable: true } as const;

export class SignInItem {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ enum: SIGN_IN_TYPES, enumName: 'AuthEventType' }) readonly type: SignInType;
  @ApiProperty({ ...text, description: 'the sign-in method', example: 'password' }) readonly method: string | null;
  @ApiProperty({ ...text, description: 'the reason, as a code', example: null }) readonly reason: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'failures within a minute are counted as one item',
    example: 1,
  })
  readonly times: number;

  @ApiProperty({
    ...text,
    description: 'IP address of the last attempt; null for actions of others',
    example: '203.0.113.7',
  })
  readonly ip: string | null;

  @ApiProperty({ ...text, description: 'browser of the last attempt', example: 'Firefox on Linux' })
  readonly device: string | null;

  @ApiProperty({ ...text, format: 'uuid', example: null }) readonly sessionId: string | null;

  @ApiProperty({ ...text, format: 'uuid', description: 'who acted, if not the user', example: null })
  readonly actorId: string | null;

  @ApiProperty({
    description: 'trace id of the request; of several failures, that of the last',
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
  readonly traceId: string;

  @ApiProperty({ format: 'date-time', description: 'for failures, the start of the minute' })
  readonly occurredAt: string;
  @ApiProperty({ format: 'date-time', description: 'for failures, the last one' }) readonly lastAt: string;
}

export class SignInsPage {
  @ApiProperty({ type: [SignInItem] }) readonly items: SignInItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
