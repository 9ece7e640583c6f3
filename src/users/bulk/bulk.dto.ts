import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  ValidateIf,
} from 'class-validator';

import { USER_ROLES, type UserRole } from '../../access/role.js';
import { LINES } from '../../http/request/text-patterns.js';
import { PROBLEMS, type ProblemCode } from '../../problems/problem-catalogue.js';
import {
  BULK_ACTIONS,
  BULK_OUTCOMES,
  BULK_STATES,
  type BulkAct,
  type BulkAction,
  type BulkOutcome,
  type BulkState,
  MOST_ROWS,
} from './bulk-act.js';
import type { DoneRow, Progress } from './bulk-acts.js';

const UUID_LENGTH = 36;
const EXAMPLE_ID = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const HOW_MANY = { message: `must name 1 to ${MOST_ROWS} users` };

/** Ids of chosen users. */
export class ChosenUsers {
  @ApiProperty({
    type: 'array',
    items: { type: 'string', format: 'uuid', maxLength: UUID_LENGTH },
    minItems: 1,
    maxItems: MOST_ROWS,
    uniqueItems: true,
    example: [EXAMPLE_ID],
    description: 'ids of users, each once',
  })
  @IsArray({ message: 'must be a list of ids' })
  @ArrayMinSize(1, HOW_MANY)
  @ArrayMaxSize(MOST_ROWS, HOW_MANY)
  @IsUUID(undefined, { each: true, message: 'must hold ids of users only' })
  @ArrayUnique((id: unknown) => String(id).toLowerCase(), { message: 'must name each user once' })
  readonly ids: string[];
}

export class BulkActDto extends ChosenUsers {
  @ApiProperty({ enum: BULK_ACTIONS, enumName: 'BulkAction' })
  @IsIn(BULK_ACTIONS, { message: `must be one of ${BULK_ACTIONS.join(', ')}` })
  readonly action: BulkAction;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 500,
    pattern: LINES,
    example: 'Reported for spam.',
    description: 'with `suspend`; for staff only: not shown to the users in mails, history or export',
  })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(LINES, 'u'), { message: 'must not contain control characters' })
  readonly reason?: string | null;

  @ApiPropertyOptional({ enum: USER_ROLES, enumName: 'UserRole', description: 'with `role`, the new one' })
  @ValidateIf(({ action }: BulkActDto, given) => given !== undefined || action === 'role')
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role?: UserRole;
}

export class BulkResultResponse {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID }) readonly userId: string;
  @ApiProperty({
    enum: BULK_OUTCOMES,
    enumName: 'BulkOutcome',
    description: '`refused` by a rule, as the single act would be; `failed` for an error on our side',
  })
  readonly outcome: BulkOutcome;
  @ApiPropertyOptional({ type: String, example: 'forbidden', description: 'of the problem that the single act has' })
  readonly code?: ProblemCode;
  @ApiPropertyOptional({ type: String, example: 'Your role does not allow this.' }) readonly detail?: string;
}

const COUNT = { type: 'integer', minimum: 0, maximum: MOST_ROWS } as const;
const TIME = { type: String, format: 'date-time', nullable: true, example: null } as const;

export class BulkActResponse {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID }) readonly id: string;
  @ApiProperty({ enum: BULK_ACTIONS, enumName: 'BulkAction' }) readonly action: BulkAction;
  @ApiPropertyOptional({ enum: USER_ROLES, enumName: 'UserRole', description: 'with `role`' }) readonly role?: UserRole;
  @ApiProperty({ enum: BULK_STATES, enumName: 'BulkState' }) readonly state: BulkState;
  @ApiProperty({ ...COUNT, minimum: 1, example: 3 }) readonly total: number;
  @ApiProperty({ ...COUNT, example: 3, description: 'rows with an outcome' }) readonly done: number;
  @ApiProperty({ ...COUNT, example: 2 }) readonly succeeded: number;
  @ApiProperty({ ...COUNT, example: 1 }) readonly refused: number;
  @ApiProperty({ ...COUNT, example: 0 }) readonly failed: number;
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty(TIME) readonly finishedAt: string | null;
  @ApiProperty({
    type: [BulkResultResponse],
    maxItems: MOST_ROWS,
    description: 'of the rows that have an outcome, in the order of `ids`',
  })
  readonly results: BulkResultResponse[];

  static from(act: BulkAct, { total, done }: Progress): BulkActResponse {
    const count = (outcome: BulkOutcome): number => done.filter((row) => row.outcome === outcome).length;
    return {
      id: act.id,
      action: act.action,
      ...(act.role && { role: act.role }),
      state: stateOf(act),
      total,
      done: done.length,
      succeeded: count('succeeded'),
      refused: count('refused'),
      failed: count('failed'),
      createdAt: act.createdAt.toISOString(),
      finishedAt: act.finishedAt?.toISOString() ?? null,
      results: done.map(resultOf),
    };
  }
}

function stateOf({ startedAt, finishedAt }: BulkAct): BulkState {
  if (finishedAt !== null) return 'finished';
  return startedAt === null ? 'queued' : 'running';
}

/** Without the detail of a user who was erased since, or never existed, the title of the problem says why. */
function resultOf({ userId, outcome, code, detail }: DoneRow): BulkResultResponse {
  if (!code) return { userId, outcome };
  return { userId, outcome, code, detail: detail ?? `${PROBLEMS[code].title}.` };
}
