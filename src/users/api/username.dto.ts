/**
 * How the API document describes a username. The rule counts characters after NFKC, which shortens some strings: a letter with two
 * combining marks is sent as three characters.
 */
export const USERNAME = {
  minLength: 3,
  maxLength: 128,
  description: '3 to 32 characters after NFKC: letters, digits and . _ - without mixing scripts',
} as const;
