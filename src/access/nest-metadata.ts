// Metadata of routes that Nest does not expose in its public API. Only this file knows where it is stored; a test fails if a Nest
// release moves it.
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { DECORATORS } from '@nestjs/swagger';

/** The route that a method of a controller declares, or undefined for a method that is none. */
export function routeOf(controller: object, handler: object): { method: string; path: string } | undefined {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return undefined;
  const parts = [controller, handler].map((part) => first(Reflect.getMetadata(PATH_METADATA, part) as Path));
  const path = parts.map((part) => part.replace(/^\/|\/$/g, '')).filter(Boolean);
  return { method: RequestMethod[method], path: `/${path.join('/')}` };
}

/** What a parameter of a handler takes of the request. */
export interface RouteParameter {
  readonly from: 'body' | 'query' | 'other';
  /** The one key that it takes; undefined for the whole. */
  readonly key: string | undefined;
  /** The class that it is declared with, where it has one. */
  readonly type: Type | undefined;
}

/** @param handler the name of the method */
export function parametersOf(controller: Type, handler: string): RouteParameter[] {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<string, Argument>;
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) ?? []) as unknown[];
  return Object.entries(declared).map(([name, { index, data }]) => {
    const type = types[index];
    return {
      from: SOURCES.get(Number(name.split(':', 1)[0])) ?? 'other',
      key: typeof data === 'string' ? data : undefined,
      type: typeof type === 'function' && type !== Object ? (type as Type) : undefined,
    };
  });
}

/** Whether `@ApiBody` says that the body of a route may be left out. */
export function isBodyOptional(handler: object): boolean {
  const documented = (Reflect.getMetadata(DECORATORS.API_PARAMETERS, handler) ?? []) as readonly Documented[];
  return documented.some((parameter) => parameter.in === 'body' && parameter.required === false);
}

const SOURCES: ReadonlyMap<number, RouteParameter['from']> = new Map([
  [RouteParamtypes.BODY, 'body'],
  [RouteParamtypes.QUERY, 'query'],
]);

type Path = string | string[] | undefined;

interface Argument {
  readonly index: number;
  readonly data?: unknown;
}

interface Documented {
  readonly in?: string;
  readonly required?: boolean;
}

function first(path: Path): string {
  return (Array.isArray(path) ? path[0] : path) ?? '';
}
