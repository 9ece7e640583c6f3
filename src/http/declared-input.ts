import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { DECORATORS } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import type { FieldError } from './domain-error.js';
import { ValidationFailed } from './validation.js';

interface Documented {
  readonly in?: string;
  readonly required?: boolean;
}

/**
 * Refuses input that is not as a route declares it: query keys that it does not know or that come twice, a body where it takes
 * none, and none where it takes one. What a DTO declares is checked by the validation of that DTO.
 */
@Injectable()
export class DeclaredInputInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { query, body } = execution.switchToHttp().getRequest<FastifyRequest>();
    const declared = (type: RouteParamtypes): (string | undefined)[] => declarations(execution, type);
    const errors = [
      ...wrongKeys(query as Record<string, unknown>, declared(RouteParamtypes.QUERY)),
      ...(declared(RouteParamtypes.BODY).length > 0 ? missing(body, execution.getHandler()) : unexpected(body)),
    ];
    if (errors.length > 0) throw new ValidationFailed(errors);
    return next.handle();
  }
}

/** The names that the parameters of a handler take of the query or body; undefined for one that takes the whole. */
function declarations(execution: ExecutionContext, wanted: RouteParamtypes): (string | undefined)[] {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, execution.getClass(), execution.getHandler().name) ??
    {}) as Record<string, { readonly data?: unknown }>;
  return Object.entries(parameters).flatMap(([key, { data }]) =>
    key.startsWith(`${wanted}:`) ? [typeof data === 'string' ? data : undefined] : [],
  );
}

function wrongKeys(query: Record<string, unknown>, declared: readonly (string | undefined)[]): FieldError[] {
  return Object.entries(query).flatMap(([path, value]) => {
    if (Array.isArray(value)) return [{ path, message: 'must be given once' }];
    return declared.includes(undefined) || declared.includes(path) ? [] : [{ path, message: 'is not a known field' }];
  });
}

/** Without a look at the DTO: it may have optional fields only, and a forgotten body is no wish to clear them all. */
function missing(body: unknown, handler: object): FieldError[] {
  // The validation takes null for a DTO without fields.
  if (body !== undefined && body !== null) return [];
  const documented = (Reflect.getMetadata(DECORATORS.API_PARAMETERS, handler) ?? []) as readonly Documented[];
  const isOptional = documented.some((parameter) => parameter.in === 'body' && parameter.required === false);
  return isOptional && body === undefined ? [] : [{ path: '', message: 'send a JSON object' }];
}

/** An empty object says nothing, and many clients send one. */
function unexpected(body: unknown): FieldError[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body)) return [{ path: '', message: 'takes no body' }];
  return Object.keys(body).map((path) => ({ path, message: 'is not a known field' }));
}
