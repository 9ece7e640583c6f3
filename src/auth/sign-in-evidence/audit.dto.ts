import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { AUTH_EVENT_TYPES, type AuthEventType } from './auth-event.js';

const text = { type: String, nullable: true } as const;
const id = { ...text, format: 'uuid' } as const;

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({ enum: AUTH_EVENT_TYPES, enumName: 'AuditEventType', description: 'of this kind only' })
  @IsOptional()
  @IsIn(AUTH_EVENT_TYPES, { message: `must be one of ${AUTH_EVENT_TYPES.join(', ')}` })
  readonly type?: AuthEventType;

  @ApiPropertyOptional({ format: 'uuid', maxLength: 36, description: 'done by this user only' })
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  readonly actorId?: string;

  @ApiPropertyOptional({ format: 'uuid', maxLength: 36, description: 'about this user only' })
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  readonly userId?: string;
}

export class AuditItem {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ enum: AUTH_EVENT_TYPES, enumName: 'AuditEventType', example: 'access.granted' })
  readonly type: AuthEventType;
  @ApiProperty({ ...text, description: 'what was asked for', example: 'GET /users/:id/export' })
  readonly what: string | null;
  @ApiProperty({ ...id, description: 'whom it is about', example: null }) readonly userId: string | null;
  @ApiProperty({ ...id, description: 'who did it', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })
  readonly actorId: string | null;
  @ApiProperty({ type: String, enum: USER_ROLES, nullable: true, example: 'ADMIN' })
  readonly actorRole: UserRole | null;
  @ApiProperty({ ...id, example: null }) readonly sessionId: string | null;
  @ApiProperty({ ...text, description: 'the way of signing in', example: null }) readonly method: string | null;
  @ApiProperty({ ...text, description: 'why, as one word', example: null }) readonly reason: string | null;
  @ApiProperty({ type: 'integer', minimum: 1, description: 'how often in this minute', example: 1 })
  readonly times: number;
  @ApiProperty({ ...text, description: 'the address of the last time', example: '203.0.113.7' })
  readonly ip: string | null;
  @ApiProperty({ ...text, description: 'the User-Agent of the last time', example: null })
  readonly userAgent: string | null;
  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736' }) readonly traceId: string;
  @ApiProperty({ format: 'date-time', description: 'what is counted: the minute' }) readonly occurredAt: string;
  @ApiProperty({ format: 'date-time', description: 'what is counted: the last time' }) readonly lastAt: string;
}

export class AuditPage {
  @ApiProperty({ type: [AuditItem] }) readonly items: AuditItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
