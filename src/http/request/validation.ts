import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type FieldError } from '../../problems/domain-error.js';
import { declaredNames, type InputClass, tooLong } from './input-lengths.js';

/** A manageable number; a body may have thousands of errors. */
const MOST_ERRORS = 50;
const LONGEST_PATH = 100;

/** The input has invalid or unknown fields; `errors` lists up to 50 of them. */
export class ValidationFailed extends DomainError {
  readonly code = 'validation-failed';
  override readonly errors: readonly FieldError[];
  constructor(errors: readonly FieldError[]) {
    super(`${errors.length === 1 ? 'One field is' : `${errors.length} fields are`} invalid; see errors.`);
    this.errors = errors
      .slice(0, MOST_ERRORS)
      .map(({ path, message }) => ({ path: path.slice(0, LONGEST_PATH).toWellFormed(), message }));
  }
}

/** Checks every body and query against its DTO; unknown fields are refused, never dropped. */
export function validationPipe(): ValidationPipe {
  return new StrictPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    // Echoed values would put passwords into responses and logs.
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(flatten(errors)),
  });
}

/**
 * Checks what a hosted page has made of a form, by the rules of the API.
 * @throws ValidationFailed
 */
export async function validated<Input extends object>(type: new () => Input, value: object): Promise<Input> {
  return (await PIPE.transform(value, { type: 'body', metatype: type })) as Input;
}

class StrictPipe extends ValidationPipe {
  /** Classes of which an empty query is valid. That is checked once for each: class-validator takes longer for it than the request’s authentication. */
  private readonly optional = new WeakSet<InputClass>();

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { type, metatype } = metadata;
    // Before anything else: the cost of a rule may grow faster than the length of its input.
    const long = (type === 'body' || type === 'query') && metatype ? tooLong(value, metatype as InputClass) : [];
    if (long.length > 0) throw new ValidationFailed(long);
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    // class-transformer drops these names, so that the check for unknown fields never sees them.
    const unseen = names.filter((name) => name in Object.prototype);
    if (unseen.length > 0) throw new ValidationFailed(unseen.map(unknownField));
    if (type === 'body' && metatype) {
      const known = declaredNames(metatype as InputClass);
      // It would create an error for each, and a body can hold thousands.
      const unknown = names.length > known.size + MOST_ERRORS ? names.filter((name) => !known.has(name)) : [];
      if (unknown.length > 0) throw new ValidationFailed(unknown.map(unknownField));
    }
    const isLeftOut = type === 'query' && names.length === 0 && metatype !== undefined;
    if (isLeftOut && this.optional.has(metatype as InputClass)) return new metatype();
    const checked: unknown = await super.transform(value, metadata);
    if (isLeftOut) this.optional.add(metatype as InputClass);
    return checked;
  }
}

const PIPE = validationPipe();

function unknownField(path: string): FieldError {
  return { path, message: 'is not a known field' };
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
