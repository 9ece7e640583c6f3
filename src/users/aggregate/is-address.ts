import { domainToUnicode } from 'node:url';
import { isEmail, ValidateBy } from 'class-validator';
import { asciiDomain } from './identifiers.js';

export const ADDRESS_EXPECTED = 'must be an email address without invisible characters';
/** In octets on the wire (RFC 5321, 4.5.3.1.3). */
const MAX_LENGTH = 254;
const ONE_PLAIN = /^[^"\\\s,;:<>()[\]]+@[^"\\\s,;:<>()[\]]+$/;
// Controls, what turns the direction of text, joiners, soft hyphens, variation selectors, blanks, unassigned and private characters:
// addresses that look the same must be the same.
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2800]/u;

/**
 * One plain email address (RFC 5321, 254 octets at most; RFC 6531), its domain one that DNS could have (UTS #46). Quoted local
 * parts are refused: they are not used in practice, and what can stand between the quotes (`"a@b,c"@d`) is read as several recipients somewhere.
 */
export function isAddress(value: unknown): value is string {
  return isPlainAddress(value, true);
}

function isPlainAddress(value: unknown, needsDot: boolean): value is string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !ONE_PLAIN.test(value) || UNSEEN.test(value))
    return false;
  const at = value.lastIndexOf('@');
  const domain = asciiDomain(value.slice(at + 1));
  if (domain === undefined || hasBrokenLabel(domain)) return false;
  const asItTravels = `${value.slice(0, at)}@${domain}`;
  return Buffer.byteLength(asItTravels) <= MAX_LENGTH && isEmail(asItTravels, { require_tld: needsDot });
}

/** Such as `xn--a`, which is the A-label of no Unicode label. */
function hasBrokenLabel(domain: string): boolean {
  return domainToUnicode(domain)
    .split('.')
    .some((label) => label.startsWith('xn--'));
}

/** Property: an address that satisfies `isAddress`. */
export const IsAddress = (): PropertyDecorator =>
  ValidateBy({ name: 'isAddress', validator: { validate: isAddress } }, { message: ADDRESS_EXPECTED });

/**
 * Property: the address of an existing account. The first admin's may be `admin@localhost` or on a host of the local network, which
 * registrations may not.
 */
export const IsAccountAddress = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isAccountAddress', validator: { validate: (value: unknown) => isPlainAddress(value, false) } },
    { message: ADDRESS_EXPECTED },
  );
