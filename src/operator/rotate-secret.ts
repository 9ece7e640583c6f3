import { isPlaceholder, type Settings } from '../config/settings.js';
import { secret } from '../config/parsers.js';
import { SecretKeyFile } from '../config/secret-key-file.js';
import { OperatorError } from './operator-error.js';
import type { OperatorContext } from './operator-context.js';

/** The result of a rotation. */
export interface Rotation {
  readonly keys: number;
  /** Whether the new key was saved under DATA_DIR; if not, the operator has to set SECRET_KEY. */
  readonly kept: boolean;
}

/**
 * Rewraps every key of the database with a new `SECRET_KEY`. Only the rows of `keys` depend on it: users' keys are wrapped with one
 * of those, and passwords, sessions, links and chains use them.
 * @param kept the file of the key, if Roster itself stores it
 * @param given the new key, from NEW_SECRET_KEY; generated if Roster stores the key
 * @throws OperatorError if the new key is unacceptable; WrongSecretKey
 */
export async function rotateSecret(
  operator: OperatorContext,
  kept: SecretKeyFile | undefined,
  given: string | undefined,
): Promise<Rotation> {
  const next = given ?? (kept && SecretKeyFile.generate());
  if (next === undefined) {
    throw new OperatorError(
      'Set NEW_SECRET_KEY to the new key (in the environment or .env; other users of this machine could read an argument).\n' +
        'Generate one with: openssl rand -base64 48',
    );
  }
  refuseBad(next, operator.settings);
  // Even if this process crashes, one of the two files has the key that opens the database.
  kept?.prepare(next);
  const keys = await operator.keyring.rewrap(next);
  kept?.promote();
  return { keys, kept: kept !== undefined };
}

function refuseBad(next: string, { SECRET_KEY, NODE_ENV }: Settings): void {
  if (next === SECRET_KEY) throw new OperatorError('NEW_SECRET_KEY is the key already in use.');
  try {
    secret(next);
  } catch (error) {
    throw new OperatorError(`NEW_SECRET_KEY: ${(error as Error).message}`);
  }
  if (NODE_ENV === 'production' && isPlaceholder(next)) {
    throw new OperatorError('NEW_SECRET_KEY: is a placeholder; generate one with: openssl rand -base64 48');
  }
}
