import type { DiscoveryService } from '@nestjs/core';
import { MetadataScanner } from '@nestjs/core';

export interface DecoratedMethod<Metadata> {
  readonly metadata: Metadata;
  readonly call: (...values: unknown[]) => unknown;
}

/**
 * The methods of all providers on which a decorator has set metadata under `key`, in the order of the modules.
 * @throws Error for a method of a provider that does not live as long as the application: nothing would ever call it
 */
export function findDecoratedMethods<Metadata>(discovery: DiscoveryService, key: string): DecoratedMethod<Metadata>[] {
  const scanner = new MetadataScanner();
  // One instance can be provided under several tokens.
  const seen = new Set<unknown>([null, undefined]);
  return discovery.getProviders().flatMap((wrapper) => {
    if (seen.has(wrapper.instance)) return [];
    seen.add(wrapper.instance);
    const instance = wrapper.instance as unknown;
    if (typeof instance !== 'object') return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, unknown> | null;
    const isSingleton = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (!prototype) return [];
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const method = prototype[name];
      const metadata =
        typeof method === 'function' ? (Reflect.getMetadata(key, method) as Metadata | undefined) : undefined;
      if (metadata === undefined || typeof method !== 'function') return [];
      if (!isSingleton) {
        throw new Error(`${wrapper.name}.${name} is never called: its provider is created anew for each request`);
      }
      return [{ metadata, call: method.bind(instance) as DecoratedMethod<Metadata>['call'] }];
    });
  });
}
