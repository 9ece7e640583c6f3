import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isBodyOptional, parametersOf } from '../../access/nest-metadata.js';
import type { FieldError } from '../../problems/domain-error.js';
import { checkQuery } from './request-target.js';
import { ValidationFailed } from './validation.js';

const OTHERS_IGNORED = 'roster:other-query-ignored';

/**
 * Only these query keys count; others are ignored rather than refused. For links in mails, to which mail providers and social
 * networks add their own parameters (`utm_source`, `fbclid`).
 */
export const IgnoreOtherQuery = (...known: string[]): MethodDecorator => SetMetadata(OTHERS_IGNORED, new Set(known));

const ANY_INPUT = 'roster:any-input';

/** The route checks its whole input itself, as a protocol that others have written says. */
export const AnyInput = (): MethodDecorator => SetMetadata(ANY_INPUT, true);

const STREAMED = 'roster:streamed-body';

/** The route reads its body itself, as a stream; see `addStreamedBodies`. */
export const StreamedBody = (): MethodDecorator => SetMetadata(STREAMED, true);

/** The declared input of a route. */
interface Declared {
  /** The only query keys that count, if others are ignored. */
  readonly known: ReadonlySet<string> | undefined;
  /** The query keys that its parameters take; undefined for one that takes the whole query. */
  readonly query: ReadonlySet<string | undefined>;
  readonly body: 'none' | 'optional' | 'required' | 'streamed';
}

/**
 * Refuses input that a route does not declare: unknown or repeated query keys, an unexpected body, and a missing one. The contents
 * of a DTO are checked by its validation.
 *
 * A guard rather than an interceptor, which would cost a read request more than authentication does. It runs after the access
 * guards: see `AppModule`.
 */
@Injectable()
export class DeclaredInputGuard implements CanActivate {
  private readonly routes = new WeakMap<object, Declared>();

  /** @throws ValidationFailed, UnreadableAddress */
  canActivate(execution: ExecutionContext): boolean {
    const { url, query, body } = execution.switchToHttp().getRequest<FastifyRequest>();
    const handler = execution.getHandler();
    if (Reflect.getMetadata(ANY_INPUT, handler) === true) return true;
    let declared = this.routes.get(handler);
    if (!declared) this.routes.set(handler, (declared = declaredBy(execution)));
    checkQuery(url, declared.known);
    for (const key of declared.known ? Object.keys(query as object) : []) {
      if (!declared.known?.has(key)) Reflect.deleteProperty(query as object, key);
    }
    const errors = [...wrongKeys(query as Record<string, unknown>, declared.query), ...bodyErrors(body, declared.body)];
    if (errors.length > 0) throw new ValidationFailed(errors);
    return true;
  }
}

function declaredBy(execution: ExecutionContext): Declared {
  const handler = execution.getHandler();
  const parameters = parametersOf(execution.getClass(), handler.name);
  const takesBody = parameters.some(({ from }) => from === 'body');
  const jsonBody = !takesBody ? 'none' : isBodyOptional(handler) ? 'optional' : 'required';
  return {
    known: Reflect.getMetadata(OTHERS_IGNORED, handler) as Declared['known'],
    query: new Set(parameters.filter(({ from }) => from === 'query').map(({ key }) => key)),
    body: Reflect.getMetadata(STREAMED, handler) === true ? 'streamed' : jsonBody,
  };
}

function bodyErrors(body: unknown, declared: Declared['body']): FieldError[] {
  if (declared === 'streamed') return [];
  return declared === 'none' ? unexpected(body) : missing(body, declared === 'optional');
}

function wrongKeys(query: Record<string, unknown>, declared: Declared['query']): FieldError[] {
  return Object.entries(query).flatMap(([path, value]) => {
    if (Array.isArray(value)) return [{ path, message: 'must be given once' }];
    if (!declared.has(undefined) && !declared.has(path)) return [{ path, message: 'is not a known field' }];
    // As in a body: PostgreSQL does not store NUL.
    return typeof value === 'string' && value.includes('\0')
      ? [{ path, message: 'must not contain NUL characters' }]
      : [];
  });
}

/** Regardless of the DTO: even if all fields are optional, a forgotten body must not clear them. */
function missing(body: unknown, isOptional: boolean): FieldError[] {
  // The validation accepts null as a DTO without fields.
  if (body !== undefined && body !== null) return [];
  return isOptional && body === undefined ? [] : [{ path: '', message: 'must be a JSON object' }];
}

/** An empty object is accepted, as many clients send one. */
function unexpected(body: unknown): FieldError[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body))
    return [{ path: '', message: 'must be empty: this operation takes no body' }];
  return Object.keys(body).map((path) => ({ path, message: 'is not a known field' }));
}
