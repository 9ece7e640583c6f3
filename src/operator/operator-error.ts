import { StartError } from '../config/start-error.js';

/** A command cannot or must not do its work; the message is for the person who gave it. */
export class OperatorError extends StartError {
  override readonly name = 'OperatorError';
}
