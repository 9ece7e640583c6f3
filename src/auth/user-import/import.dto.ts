import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';
import { read } from '../../users/api/users.dto.js';

export const IMPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export const IMPORT_STATES = ['receiving', 'queued', 'running', 'finished', 'stopped'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

const flag = read((text) => ({ true: true, false: false })[text]);
const FLAG = { message: 'must be true or false' };

export class ImportUsersQuery {
  @ApiPropertyOptional({ type: Boolean, description: 'check everything and write nothing' })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly dryRun?: boolean;

  @ApiPropertyOptional({ type: Boolean, description: 'mail users without a password a link to choose one' })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly invite?: boolean;
}

/** An import as it stands. */
export interface UserImport {
  readonly id: string;
  readonly makerId: string;
  readonly sessionId: string;
  readonly traceId: string;
  readonly format: ImportFormat;
  readonly dryRun: boolean;
  readonly invite: boolean;
  readonly state: ImportState;
  readonly bytes: number;
  readonly doneBytes: number;
  readonly created: number;
  readonly present: number;
  readonly refused: number;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

const COUNT = { type: 'integer', minimum: 0 } as const;

export class UserImportResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ enum: IMPORT_FORMATS, enumName: 'ImportFormat' }) readonly format: ImportFormat;
  @ApiProperty({ example: false }) readonly dryRun: boolean;
  @ApiProperty({
    enum: IMPORT_STATES,
    enumName: 'ImportState',
    description: '`stopped`: not all of it was imported; `reason` says why. Send the file again to import the rest',
  })
  readonly state: ImportState;
  @ApiProperty({ ...COUNT, example: 2048, description: 'of the file' }) readonly bytes: number;
  @ApiProperty({ ...COUNT, example: 2048, description: 'read so far' }) readonly doneBytes: number;
  @ApiProperty({ ...COUNT, example: 20, description: 'with `dryRun`, who would be' }) readonly created: number;
  @ApiProperty({ ...COUNT, example: 0, description: 'imported before, by their ids elsewhere' })
  readonly present: number;
  @ApiProperty({ ...COUNT, example: 1, description: 'lines that do not go in' }) readonly refused: number;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly reason: string | null;
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null }) readonly finishedAt: string | null;

  static from(of: UserImport): UserImportResponse {
    const { id, format, dryRun, state, bytes, doneBytes, created, present, refused, reason } = of;
    const times = { createdAt: of.createdAt.toISOString(), finishedAt: of.finishedAt?.toISOString() ?? null };
    return { id, format, dryRun, state, bytes, doneBytes, created, present, refused, reason, ...times };
  }
}
