/**
 * How the API document describes an existing password. Longer than a new one may be: with decomposed letters and marks the same
 * password has more characters.
 */
export const CURRENT_PASSWORD = {
  example: 'correct horse battery staple',
  format: 'password',
  maxLength: 1024,
} as const;
