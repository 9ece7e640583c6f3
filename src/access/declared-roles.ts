import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ALLOW_METADATA } from './allow.decorator.js';
import { routeOf } from './nest-metadata.js';
import type { Role } from './role.js';

export interface DeclaredRoute {
  readonly method: string;
  readonly path: string;
  readonly role: Role | undefined;
  readonly handler: string;
}

/** Every route of the application with the lowest role that may call it. */
export function declaredRoutes(discovery: DiscoveryService, scanner: MetadataScanner): DeclaredRoute[] {
  return discovery.getControllers().flatMap(({ instance, metatype }) => {
    if (!instance || !metatype) return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const route = handler && routeOf(metatype, handler);
      if (!route) return [];
      const role = Reflect.getMetadata(ALLOW_METADATA, handler) as Role | undefined;
      return [{ ...route, role, handler: `${metatype.name}.${name}` }];
    });
  });
}

/** @throws Error naming every route without a declared role; the server does not start then */
export function refuseUndeclaredRoutes(routes: readonly DeclaredRoute[]): void {
  const undeclared = routes.filter((route) => route.role === undefined);
  if (undeclared.length === 0) return;
  throw new Error(
    'These routes declare no role; add @Allow(...) to each:\n' +
      undeclared.map((route) => `  - ${route.method} ${route.path} (${route.handler})`).join('\n'),
  );
}
