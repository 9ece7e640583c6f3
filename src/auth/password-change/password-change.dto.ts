import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { CURRENT_PASSWORD } from '../passwords/current-password.dto.js';
import { NewPassword } from '../passwords/new-password.dto.js';

export class ChangePasswordDto {
  @ApiProperty(CURRENT_PASSWORD)
  @IsString({ message: 'must be a string' })
  readonly currentPassword: string;

  @NewPassword() readonly newPassword: string;
}

/** Property: the current password of the caller, if required. */
export const OptionalCurrentPassword = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ ...CURRENT_PASSWORD, type: String, nullable: true, description }),
    IsOptional(),
    IsString({ message: 'must be a string' }),
  );
