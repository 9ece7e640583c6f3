import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, ValidateIf } from 'class-validator';

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
