import { isEmail, ValidateBy } from 'class-validator';

export const ADDRESS_EXPECTED = 'must be an email address';
const MAX_LENGTH = 254;
const ONE_PLAIN = /^[^"\\\s,;:<>()[\]]+@[^"\\\s,;:<>()[\]]+$/;

/**
 * One plain email address (RFC 5321, 254 characters at most). Quoted local parts are refused: nobody has one, and what can
 * stand between the quotes (`"a@b,c"@d`) is read as several recipients somewhere.
 */
export function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LENGTH && ONE_PLAIN.test(value) && isEmail(value);
}

/** Property: an address as `isAddress` has it. */
export const IsAddress = (): PropertyDecorator =>
  ValidateBy({ name: 'isAddress', validator: { validate: isAddress } }, { message: ADDRESS_EXPECTED });
