import { type Upcaster, USER_EVENTS } from './catalogue.js';

/** The schema versions that a release knows, by event type. */
export type EventShapes = Readonly<
  Record<string, { readonly version: number; readonly upcast?: Readonly<Record<number, Upcaster>> } | undefined>
>;

/** The log holds an event that a newer release wrote. Folding the user without it would give a wrong state. */
export class NewerEvent extends Error {
  override readonly name = 'NewerEvent';
}

interface StoredShape {
  readonly id: string;
  readonly type: string;
  readonly schema_version: number;
}

/**
 * The data of a stored event in its current schema version: each upcaster in turn, from the stored version on. The stored bytes, and
 * so the chain, stay as they are.
 * @throws NewerEvent when this release does not know the type, or not yet the version
 */
export function upcast(
  { id, type, schema_version: from }: StoredShape,
  stored: Record<string, unknown>,
  shapes: EventShapes = USER_EVENTS,
): { readonly version: number; readonly data: Record<string, unknown> } {
  const shape = Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  const known = shape ? `up to version ${shape.version} of it` : 'no such type';
  if (!shape || from > shape.version) {
    throw new NewerEvent(
      `Event ${id} is ${type} in version ${from}, and this release knows ${known}: a newer release of Roster wrote it. Run that one.`,
    );
  }
  let data = stored;
  for (let version = from; version < shape.version; version++) {
    const step = shape.upcast?.[version];
    if (!step) throw new Error(`${type} has no upcaster from version ${version} to ${version + 1}`);
    data = step(data);
  }
  return { version: shape.version, data };
}
