import { type DiscoveryService, MetadataScanner } from '@nestjs/core';

/** The handlers of routes that carry this metadata, as `declaredRoutes` names them. */
export function markedHandlers(discovery: DiscoveryService, metadata: string): string[] {
  const scanner = new MetadataScanner();
  return discovery.getControllers().flatMap(({ instance, metatype }) => {
    if (!instance || !metatype) return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    const marked = scanner.getAllMethodNames(prototype).filter((name) => {
      const handler = prototype[name];
      return handler && Reflect.hasMetadata(metadata, handler);
    });
    return marked.map((name) => `${metatype.name}.${name}`);
  });
}
