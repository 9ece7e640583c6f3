import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';

/** Property: as `NewPassword`, but optional. */
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

/** Property: a new password. The password rules are checked later, not by validation. */
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
