import { StartError } from '../../config/start-error.js';

/**
 * The embedded PostgreSQL could not be started. The message is for a person: what is wrong, what was expected, and what
 * to do about it.
 */
export class EmbeddedPostgresError extends StartError {
  override readonly name = 'EmbeddedPostgresError';
}

/** The way out that always exists, for the end of a message. */
export const OR_SET_DATABASE_URL = 'Or set DATABASE_URL to use a PostgreSQL (15 or newer) of your own.';
