import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { NewPassword } from '../passwords/new-password.dto.js';

const SHAPE = { example: 'correct horse battery staple', format: 'password' } as const;

export class ChangePasswordDto {
  @ApiProperty(SHAPE)
  @IsString({ message: 'must be a text' })
  readonly currentPassword: string;

  @NewPassword() readonly newPassword: string;
}

/** Property: the current password of who acts, where not everybody has to give it. */
export const OptionalCurrentPassword = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ ...SHAPE, type: String, nullable: true, description }),
    IsOptional(),
    IsString({ message: 'must be a text' }),
  );
