import { applyDecorators } from '@nestjs/common';
import { IsEmail, Matches, MaxLength } from 'class-validator';

const MESSAGE = { message: 'must be an email address' };

/**
 * Property: one plain email address (RFC 5321, 254 characters at most). Quoted local parts are refused: nobody has one, and
 * what can stand between the quotes (`"a@b,c"@d`) is read as several recipients somewhere.
 */
export const IsAddress = (): PropertyDecorator =>
  applyDecorators(
    IsEmail({}, MESSAGE),
    Matches(/^[^"\\\s,;:<>()[\]]+@[^"\\\s,;:<>()[\]]+$/, MESSAGE),
    MaxLength(254, MESSAGE),
  );
