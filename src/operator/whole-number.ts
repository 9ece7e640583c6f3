import { InvalidArgumentError } from 'commander';

/** The value of an option. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 99999999.');
  return Number(text);
}
