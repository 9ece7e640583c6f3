import { isPlaceholder, type Settings } from '../config/settings.js';
import { secret } from '../config/parsers.js';
import { SecretKeyFile } from '../config/secret-key-file.js';
import { OperatorError } from './operator-error.js';
import type { OperatorContext } from './operator-context.js';

/** What became of a rotation. */
export interface Rotation {
  readonly keys: number;
  /** Whether the new key was written under DATA_DIR; else it has to be put where SECRET_KEY comes from. */
  readonly kept: boolean;
}

/**
 * Wraps every key of the database with a new `SECRET_KEY`. Only the rows of `keys` hang on it: the keys of users are wrapped
 * by one of those, and passwords, sessions, links and chains are made with them.
 * @param kept where Roster itself keeps the key, if it does
 * @param given the new key, from NEW_SECRET_KEY; made here where Roster keeps it
 * @throws OperatorError when the new key is no good; WrongSecretKey
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
  // Whenever this process dies, the key that opens the database is in one of the two files.
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
