/**
 * How the API document describes a username. The rule counts characters after NFKC, and some texts become much shorter by it: a letter with
 * two marks is three characters for who sends them apart.
 */
export const USERNAME = {
  minLength: 3,
  maxLength: 128,
  description: '3 to 32 characters after NFKC: letters, digits and . _ - without mixing scripts',
} as const;
