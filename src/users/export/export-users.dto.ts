import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ChosenUsers } from '../bulk/bulk.dto.js';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export class ExportUsersDto extends ChosenUsers {
  @ApiProperty({ enum: EXPORT_FORMATS, enumName: 'ExportFormat' })
  @IsIn(EXPORT_FORMATS, { message: `must be one of ${EXPORT_FORMATS.join(', ')}` })
  readonly format: ExportFormat;
}
