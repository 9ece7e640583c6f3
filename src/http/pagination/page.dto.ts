import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

import { LONGEST_CURSOR } from './cursor.js';

const LIMIT = { message: 'must be a whole number from 1 to 100' };

/** Which page of a list. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value,
  )
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(100, LIMIT)
  readonly limit: number = 20;

  @ApiPropertyOptional({
    pattern: '^[A-Za-z0-9_-]+$',
    maxLength: LONGEST_CURSOR,
    description: 'nextCursor or prevCursor of another page of the same list (same filters and sort)',
  })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly cursor?: string;
}

export class PageInfo {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100, example: 20 })
  readonly limit: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'null on the last page',
    example: 'WzEsIi1jcmVhdGVkQXQiXQ',
  })
  readonly nextCursor: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'null on the first page', example: null })
  readonly prevCursor: string | null;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'with count=exact', example: 100_000 })
  readonly total?: number;
}
