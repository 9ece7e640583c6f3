import type { OpenAPIObject, ReferenceObject, SchemaObject } from '@nestjs/swagger';

type Schema = SchemaObject | ReferenceObject;

/** Resolves a reference to a schema under `components`. */
export function resolve(document: OpenAPIObject, schema: Schema): SchemaObject {
  if (!('$ref' in schema)) return schema;
  const found = document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''];
  if (!found) throw new Error(`The API document has no ${schema.$ref}`);
  return resolve(document, found);
}

/**
 * An example built from those of the properties. Undefined if a string has none; the test of the document reports those.
 */
export function exampleOf(document: OpenAPIObject, given: Schema): unknown {
  // Next to a reference, it takes precedence over the example of the referenced schema.
  if ('example' in given && given.example !== undefined) return given.example;
  const schema = resolve(document, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(document, part)));
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, exampleOf(document, property)]),
    );
  }
  if (schema.items) return [exampleOf(document, schema.items)];
  if (schema.format === 'date-time') return '2026-11-21T09:14:00.000Z';
  if (schema.format === 'uuid') return '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
  return schema.default;
}
