/** Digits and capitals without those that are easily confused (0 and O, 1, I and L, U and V): 39 bits in eight of them. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 8;

/** A code of eight characters, each as likely as the others. @param bytes at least eight, of a MAC */
export function codeFrom(bytes: Buffer): string {
  // The rest of a division of 64 bits: no code is likelier than another by more than one in ten million.
  let number = bytes.readBigUInt64BE(0);
  let code = '';
  for (let place = 0; place < LENGTH; place++) {
    code += LETTERS.charAt(Number(number % BigInt(LETTERS.length)));
    number /= BigInt(LETTERS.length);
  }
  return code;
}

/** As people read it: two groups of four. */
export function groupedCode(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

/**
 * What was meant by what somebody typed or pasted, with any spaces and hyphens, in small letters or capitals.
 * @param entered of bounded length
 * @returns undefined if it cannot be a code
 */
export function enteredCode(entered: string): string | undefined {
  const code = entered.replace(/[\s\p{Pd}_.]/gu, '').toUpperCase();
  return /^[2-9A-Z]{8}$/.test(code) ? code : undefined;
}
