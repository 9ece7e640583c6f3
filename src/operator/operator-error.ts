/** A command cannot or must not do its work; the message is for the person who gave it. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
