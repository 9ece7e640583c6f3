/** JSON Schema (2020-12, and draft 7 alike) of one value. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly (string | null)[];
  readonly const?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

/** A field of event data: its JSON Schema for consumers, its type for the compiler. */
export interface Field<T> {
  readonly schema: JsonSchema;
  /** Personal data: sealed under the user's own key, and null once the person was erased. */
  readonly personal: boolean;
  readonly optional: boolean;
  /** Written by staff for staff: the person does not see it. */
  readonly forStaff?: boolean;
  /** Carries the type; never set. */
  readonly value?: T;
}
type Optional<T> = Field<T> & { readonly optional: true };

export type Fields = Readonly<Record<string, Field<unknown>>>;

type OptionalNames<F extends Fields> = { [N in keyof F]: F[N] extends { optional: true } ? N : never }[keyof F];
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** The type of data with these fields. */
export type DataOf<F extends Fields> = keyof F extends never
  ? Record<string, never>
  : Flat<{ [N in Exclude<keyof F, OptionalNames<F>>]: ValueOf<F[N]> } & { [N in OptionalNames<F>]?: ValueOf<F[N]> }>;
type Flat<T> = { [N in keyof T]: T[N] };

const field = <T>(schema: JsonSchema): Field<T> => ({ schema, personal: false, optional: false });

/** @param example for the documentation */
export const text = (example: string, schema: JsonSchema = {}): Field<string> =>
  field({ type: 'string', ...schema, examples: [example] });
export const flag = (): Field<boolean> => field({ type: 'boolean', examples: [true] });
export const uuid = (): Field<string> => text('019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00', { format: 'uuid' });
/** An RFC 3339 date-time in UTC. */
export const time = (): Field<string> => text('2026-11-22T09:14:00.000Z', { format: 'date-time' });
/** An email address (RFC 6531). */
export const email = (): Field<string> => text('ada@example.com', { format: 'idn-email' });

export function oneOf<const T extends string>(values: readonly T[]): Field<T> {
  return field({ type: 'string', enum: values, examples: values.slice(0, 1) });
}

/** The field with a description for people. */
export function described<T>(base: Field<T>, description: string): Field<T> {
  return { ...base, schema: { ...base.schema, description } };
}

/** The field, or null. */
export function maybe<T>(base: Field<T>): Field<T | null> {
  return { ...base, schema: nullable(base.schema) };
}

/** The field, which may be absent. */
export function optional<T>(base: Field<T>): Optional<T> {
  return { ...base, optional: true };
}

export function forStaff<F extends Field<unknown>>(base: F): F {
  return { ...base, forStaff: true };
}

export function personal<F extends Field<unknown>>(base: F): F {
  return { ...base, personal: true };
}

/** The schema, which also allows null. */
export function nullable(schema: JsonSchema): JsonSchema {
  const types = [schema.type ?? []].flat();
  return {
    ...schema,
    type: [...new Set([...types, 'null'])],
    ...(schema.enum && { enum: [...new Set([...schema.enum, null])] }),
  };
}
