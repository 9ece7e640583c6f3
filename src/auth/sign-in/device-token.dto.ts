import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, ValidateIf } from 'class-validator';

/** Property: the token of a device that has signed in before, for every sign-in method. */
export const DeviceToken = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.t4k2fb.8f14e45fceea167a.ZXhhbXBsZS1kZXZpY2UtdG9rZW4tc2lnbmF0dXJl',
      maxLength: 200,
      description:
        'from an earlier sign-in on this device; when absent, the cookie `roster-device` (`__Host-roster-device` over HTTPS) is used',
    }),
    ValidateIf((_input, given) => given !== undefined),
    IsString({ message: 'must be a string' }),
  );
