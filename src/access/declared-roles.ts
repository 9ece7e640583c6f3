import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ALLOW_METADATA } from './allow.decorator.js';
import type { Role } from './role.js';

export interface DeclaredRoute {
  readonly method: string;
  readonly path: string;
  readonly role: Role | undefined;
  readonly handler: string;
}

/** Every route of the application with the least role it declares. */
export function declaredRoutes(discovery: DiscoveryService, scanner: MetadataScanner): DeclaredRoute[] {
  return discovery.getControllers().flatMap(({ instance, metatype }) => {
    if (!instance || !metatype) return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    const base = first(Reflect.getMetadata(PATH_METADATA, metatype) as string | string[] | undefined);
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      if (!handler) return [];
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      const path = first(Reflect.getMetadata(PATH_METADATA, handler) as string | string[] | undefined);
      return [
        {
          method: RequestMethod[method],
          path: `/${[base, path]
            .map((part) => part.replace(/^\/|\/$/g, ''))
            .filter(Boolean)
            .join('/')}`,
          role: Reflect.getMetadata(ALLOW_METADATA, handler) as Role | undefined,
          handler: `${metatype.name}.${name}`,
        },
      ];
    });
  });
}

/** @throws Error naming every route without a declared role: such a server does not start. */
export function refuseUndeclaredRoutes(routes: readonly DeclaredRoute[]): void {
  const undeclared = routes.filter((route) => route.role === undefined);
  if (undeclared.length === 0) return;
  throw new Error(
    'These routes declare no role; give each an @Allow(...):\n' +
      undeclared.map((route) => `  - ${route.method} ${route.path} (${route.handler})`).join('\n'),
  );
}

function first(path: string | string[] | undefined): string {
  return (Array.isArray(path) ? path[0] : path) ?? '';
}
