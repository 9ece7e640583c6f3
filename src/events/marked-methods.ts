import type { DiscoveryService } from '@nestjs/core';
import { MetadataScanner } from '@nestjs/core';

export interface MarkedMethod<Mark> {
  readonly mark: Mark;
  readonly call: (...values: unknown[]) => unknown;
}

/**
 * The methods of all providers that a decorator has marked under `key`, in the order of the modules.
 * @throws Error for one of a provider that does not live as long as the application: nobody would call it
 */
export function markedMethods<Mark>(discovery: DiscoveryService, key: string): MarkedMethod<Mark>[] {
  const scanner = new MetadataScanner();
  // One object can be provided under several names.
  const seen = new Set<unknown>([null, undefined]);
  return discovery.getProviders().flatMap((wrapper) => {
    if (seen.has(wrapper.instance)) return [];
    seen.add(wrapper.instance);
    const instance = wrapper.instance as unknown;
    if (typeof instance !== 'object') return [];
    const prototype = Object.getPrototypeOf(instance) as Record<string, unknown> | null;
    const lasts = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (!prototype) return [];
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const method = prototype[name];
      const mark = typeof method === 'function' ? (Reflect.getMetadata(key, method) as Mark | undefined) : undefined;
      if (mark === undefined || typeof method !== 'function') return [];
      if (!lasts)
        throw new Error(`${wrapper.name}.${name} is never called: its provider is made anew for each request`);
      return [{ mark, call: method.bind(instance) as MarkedMethod<Mark>['call'] }];
    });
  });
}
