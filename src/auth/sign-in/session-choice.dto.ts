import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, ValidateIf } from 'class-validator';

// No defaults in the document: openapi-typescript takes a property that has one for required.
const isGiven = ValidateIf((_input, given) => given !== undefined);

/** Property: whether the session is authenticated by tokens or by a cookie, for every sign-in method. */
export const SessionProof = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: ['tokens', 'cookie'],
      description:
        '`tokens` (the default): an access token and a refresh token in the response. `cookie`, for apps in a browser: an HttpOnly cookie instead (`roster-session`; `__Host-roster-session` under HTTPS)',
    }),
    isGiven,
    IsIn(['tokens', 'cookie'], { message: 'must be tokens or cookie' }),
  );

/** Property: whether the cookie of a session outlives the browser's own session. */
export const KeepSignedIn = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Boolean,
      description:
        'only with `"session": "cookie"`: whether the cookie persists after the browser is closed; false by default',
    }),
    isGiven,
    IsBoolean({ message: 'must be true or false' }),
  );

/** Property: the token of a remembered device, for sign-in methods that are one factor. */
export const RememberedDeviceToken = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      maxLength: 100,
      example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBkZXZpY2UgdGhhdCBpcyByZW1lbWJlcmVkLCBva2F5',
      description:
        'only with tokens: `rememberedDevice` of an earlier sign-in, to skip the second factor; with `"session": "cookie"`, the cookie `roster-remembered-device` (`__Host-` over HTTPS) is used',
    }),
    isGiven,
    IsString({ message: 'must be a string' }),
  );

/** Property: whether this device is to skip the second factor from now on. */
export const RememberDevice = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Boolean,
      description:
        'whether sign-ins on this device skip the second factor for REMEMBERED_DEVICE_TTL; until a password or factor changes. False by default',
    }),
    isGiven,
    IsBoolean({ message: 'must be true or false' }),
  );
