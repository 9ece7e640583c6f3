import type { EntityManager } from 'typeorm';

/** What the memories of a transaction belong to: another object after a part of it was rolled back. */
const parts = new WeakMap<EntityManager, object>();
/** The first error of a change that has written only a part of itself. */
const spoiled = new WeakMap<EntityManager, { readonly error: unknown }>();

/** What open transactions know of what they have written themselves, by a name. It is gone with what was rolled back. */
export class TransactionMemory<Value> {
  private readonly values = new WeakMap<object, Map<string, Value>>();

  get(tx: EntityManager, name: string): Value | undefined {
    return this.values.get(parts.get(tx) ?? tx)?.get(name);
  }

  set(tx: EntityManager, name: string, value: Value): void {
    const part = parts.get(tx) ?? tx;
    this.values.set(part, (this.values.get(part) ?? new Map<string, Value>()).set(name, value));
  }

  delete(tx: EntityManager, name: string): void {
    this.values.get(parts.get(tx) ?? tx)?.delete(name);
  }
}

/**
 * A change that fails has written a part of itself: its transaction, or the nested one that it belongs to, is then rolled back even if
 * an embedding application catches the error.
 */
export async function wholly<T>(tx: EntityManager, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!spoiled.has(tx)) spoiled.set(tx, { error });
    throw error;
  }
}

/** @throws the error that spoiled the transaction */
export function throwIfSpoiled(manager: EntityManager): void {
  const found = spoiled.get(manager);
  if (found) throw found.error;
}

/** A nested transaction, which an embedding application may begin, that is rolled back takes with it what is remembered since, and what spoiled it. */
export function followNested(manager: EntityManager): void {
  const nested = manager.transaction.bind(manager) as (...given: unknown[]) => Promise<unknown>;
  const following = async (...given: unknown[]): Promise<unknown> => {
    const before = spoiled.get(manager);
    const work = given.pop() as (tx: EntityManager) => Promise<unknown>;
    const checked = async (tx: EntityManager): Promise<unknown> => {
      const result = await work(tx);
      throwIfSpoiled(tx);
      return result;
    };
    try {
      return await nested(...given, checked);
    } catch (error) {
      parts.set(manager, {});
      if (before) spoiled.set(manager, before);
      else spoiled.delete(manager);
      throw error;
    }
  };
  manager.transaction = following;
}
