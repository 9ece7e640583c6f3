import { HttpException } from '@nestjs/common';
import { TypeORMError } from 'typeorm';
import { postgresCode } from '../database/transaction.js';
import { DomainError } from '../problems/domain-error.js';

/** Two changes of one user met; this one lost and changed nothing. */
export class VersionConflict extends DomainError {
  readonly code = 'version-conflict';
  constructor() {
    super('The user was changed concurrently. Read it again and repeat the change.');
  }
}

/** A handler said no; nothing was changed. */
export class RefusedByHandler extends DomainError {
  readonly code = 'refused-by-handler';
}

// What a slip in a handler, or a part that does not answer, throws. That is no "no", and its text is not for callers.
const FAULTS = [TypeError, ReferenceError, RangeError, SyntaxError, AggregateError, TypeORMError];

/** What a caller gets for what a handler threw: the problem that it chose itself, else 409 with its message. */
export function asHandlerRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError || error instanceof HttpException) return error;
  const isFault = FAULTS.some((kind) => error instanceof kind) || 'errno' in error || postgresCode(error) !== undefined;
  return isFault ? error : new RefusedByHandler(error.message, { cause: error });
}
