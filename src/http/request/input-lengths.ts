import { DECORATORS } from '@nestjs/swagger';
import type { FieldError } from '../../problems/domain-error.js';

/** A class with `@ApiProperty` metadata. */
export type InputClass = abstract new (...given: never[]) => unknown;

/** The `@ApiProperty` metadata of a property. */
interface Described {
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  readonly isArray?: boolean;
  readonly items?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

/** The bound of one value. */
type Bound =
  | { readonly kind: 'text'; readonly most: number; readonly message: string }
  | { readonly kind: 'list'; readonly most: number; readonly each: Bound }
  | { readonly kind: 'fields'; readonly of: ReadonlyMap<string, Bound> };

/** A property accepts strings or lists of unbounded length. */
export class UnboundedInput extends Error {
  override readonly name = 'UnboundedInput';
}

/** Longer than any number, boolean or time, in characters. */
const MOST_OF_A_SCALAR = 64;
const SCALARS: readonly unknown[] = [Number, Boolean, Date, 'number', 'integer', 'boolean'];

const known = new WeakMap<InputClass, Bound>();

/**
 * Finds values that exceed the lengths in the API document, before anything else processes them: a pattern, a normalisation or a
 * parser may take quadratic time.
 * @param input as received; values of the wrong type are left to the validation
 * @throws UnboundedInput for a class with a property whose length is not declared
 */
export function tooLong(input: unknown, declared: InputClass): FieldError[] {
  return beyond(input, boundsOf(declared), '');
}

/** The fields that the class has. */
export function declaredNames(declared: InputClass): { readonly size: number; has(name: string): boolean } {
  const bounds = boundsOf(declared);
  return bounds.kind === 'fields' ? bounds.of : new Map<string, Bound>();
}

/** @throws UnboundedInput naming the first property of the class whose length is not declared */
export function boundsOf(declared: InputClass): Bound {
  let bounds = known.get(declared);
  if (!bounds) known.set(declared, (bounds = { kind: 'fields', of: fieldsOf(declared) }));
  return bounds;
}

function fieldsOf(declared: InputClass): Map<string, Bound> {
  const prototype = declared.prototype as object;
  const names = (Reflect.getMetadata(DECORATORS.API_MODEL_PROPERTIES_ARRAY, prototype) ?? []) as readonly string[];
  return new Map(
    names.map((marked) => {
      const name = marked.slice(1);
      const described = Reflect.getMetadata(DECORATORS.API_MODEL_PROPERTIES, prototype, name) as Described;
      return [name, boundOf(described, `${declared.name}.${name}`)];
    }),
  );
}

function boundOf(described: Described, where: string): Bound {
  if (described.isArray || described.type === 'array') {
    if (described.maxItems === undefined) throw new UnboundedInput(`${where} is a list without maxItems`);
    const each = described.items ?? { ...described, isArray: false };
    return { kind: 'list', most: described.maxItems, each: boundOf(each, where) };
  }
  if (described.enum) {
    const texts = described.enum.map(String);
    const most = Math.max(...texts.map((text) => text.length));
    return { kind: 'text', most, message: `must be one of ${texts.join(', ')}` };
  }
  if (described.maxLength !== undefined) {
    return { kind: 'text', most: described.maxLength, message: `must have at most ${described.maxLength} characters` };
  }
  if (SCALARS.includes(described.type)) return { kind: 'text', most: MOST_OF_A_SCALAR, message: 'is too long' };
  if (isDescribedClass(described.type)) return boundsOf(described.type);
  if (described.properties) {
    const inner = Object.entries(described.properties);
    return { kind: 'fields', of: new Map(inner.map(([name, one]) => [name, boundOf(one, `${where}.${name}`)])) };
  }
  throw new UnboundedInput(`${where} takes a text without maxLength`);
}

function isDescribedClass(type: unknown): type is InputClass {
  return (
    typeof type === 'function' && Reflect.hasMetadata(DECORATORS.API_MODEL_PROPERTIES_ARRAY, type.prototype as object)
  );
}

function beyond(value: unknown, bound: Bound, path: string): FieldError[] {
  if (bound.kind === 'text') {
    return typeof value === 'string' && hasMoreCharacters(value, bound.most) ? [{ path, message: bound.message }] : [];
  }
  if (bound.kind === 'list') {
    if (!Array.isArray(value)) return beyondAlone(value, bound.each, path);
    if (value.length > bound.most) return [{ path, message: `must have at most ${bound.most} items` }];
    return value.flatMap((item, index) => beyond(item, bound.each, `${path}.${index}`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return [...bound.of].flatMap(([name, inner]) =>
    Object.hasOwn(value, name)
      ? beyond((value as Record<string, unknown>)[name], inner, path === '' ? name : `${path}.${name}`)
      : [],
  );
}

/** A string in place of a list is not checked as an item either. */
function beyondAlone(value: unknown, each: Bound, path: string): FieldError[] {
  return typeof value === 'string' ? beyond(value, each, path) : [];
}

/** In code points, as in JSON Schema, without counting those of a string that is far too long. */
function hasMoreCharacters(text: string, most: number): boolean {
  if (text.length <= most) return false;
  return text.length > 2 * most || [...text].length > most;
}
