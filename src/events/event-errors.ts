import { HttpException } from '@nestjs/common';
import { TypeORMError } from 'typeorm';
import { postgresCode } from '../database/transaction.js';
import { DomainError } from '../problems/domain-error.js';

/** Two transactions changed one user at once; this one changed nothing. */
export class VersionConflict extends DomainError {
  readonly code = 'version-conflict';
  constructor() {
    super('The user was changed concurrently. Read it again and repeat the change.');
  }
}

/** A handler refused the change; nothing was changed. */
export class RefusedByHandler extends DomainError {
  readonly code = 'refused-by-handler';
}

// Thrown by a bug in a handler, or by a service that is away. Not a refusal, and the message is not for callers.
const FAULTS = [TypeError, ReferenceError, RangeError, SyntaxError, AggregateError, TypeORMError];

/** What the caller gets for an error of a handler: the problem that the handler threw, else 409 with its message. */
export function asHandlerRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError || error instanceof HttpException) return error;
  const isFault = FAULTS.some((kind) => error instanceof kind) || 'errno' in error || postgresCode(error) !== undefined;
  return isFault ? error : new RefusedByHandler(error.message, { cause: error });
}
