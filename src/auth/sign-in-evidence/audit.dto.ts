import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { AUTH_EVENT_TYPES, type AuthEventType } from './auth-event.js';

const text = { type: String, nullable: true } as const;
const id = { ...text, format: 'uuid' } as const;

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({ enum: AUTH_EVENT_TYPES, enumName: 'AuditEventType', description: 'only events of this type' })
  @IsOptional()
  @IsIn(AUTH_EVENT_TYPES, { message: `must be one of ${AUTH_EVENT_TYPES.join(', ')}` })
  readonly type?: AuthEventType;

  @ApiPropertyOptional({ format: 'uuid', maxLength: 36, description: 'only events caused by this user' })
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  readonly actorId?: string;

  @ApiPropertyOptional({ format: 'uuid', maxLength: 36, description: 'only events about this user' })
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  readonly userId?: string;
}

export class AuditItem {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ enum: AUTH_EVENT_TYPES, enumName: 'AuditEventType', example: 'access.granted' })
  readonly type: AuthEventType;
  @ApiProperty({ ...text, description: 'the operation requested', example: 'GET /users/:id/export' })
  readonly what: string | null;
  @ApiProperty({ ...id, description: 'the user concerned', example: null }) readonly userId: string | null;
  @ApiProperty({ ...id, description: 'the user who acted', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })
  readonly actorId: string | null;
  @ApiProperty({ type: String, enum: USER_ROLES, nullable: true, example: 'ADMIN' })
  readonly actorRole: UserRole | null;
  @ApiProperty({ ...id, example: null }) readonly sessionId: string | null;
  @ApiProperty({ ...text, description: 'the sign-in method', example: null }) readonly method: string | null;
  @ApiProperty({ ...text, description: 'the reason, as a code', example: null }) readonly reason: string | null;
  @ApiProperty({ type: 'integer', minimum: 1, description: 'number of occurrences within the minute', example: 1 })
  readonly times: number;
  @ApiProperty({ ...text, description: 'IP address of the last occurrence', example: '203.0.113.7' })
  readonly ip: string | null;
  @ApiProperty({ ...text, description: 'User-Agent of the last occurrence', example: null })
  readonly userAgent: string | null;
  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736' }) readonly traceId: string;
  @ApiProperty({ format: 'date-time', description: 'for counted events, the start of the minute' })
  readonly occurredAt: string;
  @ApiProperty({ format: 'date-time', description: 'for counted events, the last occurrence' }) readonly lastAt: string;
}

export class AuditPage {
  @ApiProperty({ type: [AuditItem] }) readonly items: AuditItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
