/**
 * How the API document describes a password that somebody has. Longer than one that is chosen may be: the same password is more characters
 * for who sends letters and marks apart.
 */
export const CURRENT_PASSWORD = {
  example: 'correct horse battery staple',
  format: 'password',
  maxLength: 1024,
} as const;
