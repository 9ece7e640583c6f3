import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';

/** Property: as `NewPassword`, where it is not always needed. */
export const OptionalNewPassword = (when: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      example: 'nine brown foxes at dawn',
      maxLength: 128,
      format: 'password',
      description: `${when}; at least 12 characters, unless configured otherwise`,
    }),
    IsOptional(),
    IsString({ message: 'must be a string' }),
  );

/** Property: a password that somebody chooses. The rules for it are not a matter of shape. */
export const NewPassword = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      example: 'nine brown foxes at dawn',
      maxLength: 128,
      format: 'password',
      description: 'at least 12 characters, unless configured otherwise',
    }),
    IsString({ message: 'must be a string' }),
  );
