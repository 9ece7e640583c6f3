import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, ValidateIf } from 'class-validator';

// No defaults in the document: openapi-typescript takes a property that has one for required.
const isGiven = ValidateIf((_input, given) => given !== undefined);

/** Property: what the session of a sign-in is proved by, for every way to sign in. */
export const SessionProof = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: ['tokens', 'cookie'],
      description:
        '`cookie` for an app in a browser: an HttpOnly cookie (`roster-session`, under https `__Host-roster-session`) rather than tokens in the answer; without it `tokens`',
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
        'with `"session": "cookie"`: whether the cookie stays when the browser is closed; without it, it does not',
    }),
    isGiven,
    IsBoolean({ message: 'must be true or false' }),
  );
