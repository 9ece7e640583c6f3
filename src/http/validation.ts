import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type FieldError } from './domain-error.js';

/** What was sent has wrong or unknown fields; `errors` names each. */
export class ValidationFailed extends DomainError {
  readonly code = 'validation-failed';
  constructor(override readonly errors: readonly FieldError[]) {
    super(`${errors.length === 1 ? 'One field is' : `${errors.length} fields are`} not as expected; see errors.`);
  }
}

/** Checks every body and query against its DTO; whatever the DTO does not know is refused, never dropped. */
export function validationPipe(): ValidationPipe {
  return new StrictPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    // Echoing values back would put passwords into answers and logs.
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(flatten(errors)),
  });
}

class StrictPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    // class-transformer leaves these names out by itself, and the rule on unknown fields never sees them.
    const unseen = names.filter((name) => name in Object.prototype);
    if (unseen.length > 0) {
      throw new ValidationFailed(unseen.map((path) => ({ path, message: 'is not a known field' })));
    }
    return super.transform(value, metadata);
  }
}

function flatten(errors: readonly ValidationError[], prefix = ''): FieldError[] {
  return errors.flatMap((error) => {
    const path = prefix + error.property;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      path,
      message: rule === 'whitelistValidation' ? 'is not a known field' : message,
    }));
    return [...own, ...flatten(error.children ?? [], `${path}.`)];
  });
}
