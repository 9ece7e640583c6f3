import { DomainError } from '../problems/domain-error.js';
import { StartError } from '../config/start-error.js';

/** `SECRET_KEY` is not the key with which the keys of this database were wrapped. */
export class WrongSecretKey extends StartError {
  override readonly name = 'WrongSecretKey';
  constructor() {
    super(
      'SECRET_KEY is not the key with which the keys in this database were wrapped.\n' +
        'Start with the SECRET_KEY that was used before or, after rotate-secret, with the value of NEW_SECRET_KEY; ' +
        'without it passwords, links and sealed data cannot be read.',
    );
  }
}

/** This process can read no key of the purpose. */
export class KeyOutOfReach extends DomainError {
  readonly code = 'unavailable';
  override readonly retryAfterSeconds = 30;
  constructor(readonly purpose: string) {
    super('This server must be restarted with the current SECRET_KEY. Try again in a moment.');
  }
}

/** Logged by a process whose `SECRET_KEY` was replaced while it runs. */
export const SECRET_KEY_REPLACED =
  'SECRET_KEY was replaced (roster rotate-secret): this server works on with the keys that it holds, makes no new ones and cannot ' +
  'read those that others make. Start it again with the SECRET_KEY of now';
