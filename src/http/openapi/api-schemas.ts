import type { OpenAPIObject, ReferenceObject, SchemaObject } from '@nestjs/swagger';

type Schemas = Record<string, SchemaObject | ReferenceObject>;

/**
 * Brings the schemas into the form that client generators handle best: a reference with its description next to it (OpenAPI 3.1)
 * instead of Swagger's `allOf` of one; and a name for every inline schema with a `title`, because clients would call it
 * `InlineObject7` otherwise.
 */
export function tidySchemas(document: OpenAPIObject): void {
  const schemas = ((document.components ??= {}).schemas ??= {});
  // Existing names are kept.
  for (const schema of Object.values(schemas)) tidyWithin(schema, schemas);
  tidyWithin(document.paths, schemas);
}

function tidyWithin(node: object, schemas: Schemas): void {
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (typeof value !== 'object' || value === null || key === 'example' || key === 'examples') continue;
    tidyWithin(value, schemas);
    const tidied = unwrapped(value) ?? named(value, schemas);
    if (tidied) Object.assign(node, { [key]: tidied });
  }
}

/** Undefined unless it is an `allOf` of a single reference. */
function unwrapped({ allOf, ...beside }: { allOf?: ReferenceObject[] }): object | undefined {
  return allOf?.length === 1 && allOf[0]?.$ref ? { ...allOf[0], ...beside } : undefined;
}

/** Moves a schema with a title under `components`; undefined if it is not a schema, such as a property called `title`. */
function named({ title, example, description, ...schema }: SchemaObject, schemas: Schemas): object | undefined {
  if (typeof title !== 'string' || (typeof schema.type !== 'string' && !schema.anyOf)) return undefined;
  schemas[title] = { title, ...schema };
  return { $ref: `#/components/schemas/${title}`, ...(description && { description }), example: example as unknown };
}
