import { type DiscoveryService, MetadataScanner } from '@nestjs/core';
import { HOSTED_METADATA } from '../../src/http/pages/hosted-page.js';

/** The handlers of pages for people alone, as `declaredRoutes` names them. */
export function hostedPages(discovery: DiscoveryService): string[] {
  const scanner = new MetadataScanner();
  return discovery.getControllers().flatMap(({ instance, metatype }) => {
    if (!instance || !metatype) return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    const pages = scanner.getAllMethodNames(prototype).filter((name) => {
      const handler = prototype[name];
      return handler && Reflect.hasMetadata(HOSTED_METADATA, handler);
    });
    return pages.map((name) => `${metatype.name}.${name}`);
  });
}
