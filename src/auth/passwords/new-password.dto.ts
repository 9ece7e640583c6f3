import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** Property: a password that somebody chooses. The rules for it are not a matter of shape. */
export const NewPassword = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      example: 'nine brown foxes at dawn',
      maxLength: 128,
      format: 'password',
      description: 'at least 12 characters, unless the server is set up otherwise',
    }),
    IsString({ message: 'must be a text' }),
  );
