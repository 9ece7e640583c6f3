import { StartError } from '../config/start-error.js';

/** A command cannot or must not be carried out; the message is for the person who called it. */
export class OperatorError extends StartError {
  override readonly name = 'OperatorError';
}
