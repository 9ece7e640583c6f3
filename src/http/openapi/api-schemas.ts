import type { OpenAPIObject, ReferenceObject, SchemaObject } from '@nestjs/swagger';

type Schemas = Record<string, SchemaObject | ReferenceObject>;

/**
 * Puts the schemas into the form that generators of clients read best: a reference with its description beside it (OpenAPI
 * 3.1), where Swagger wraps it in an `allOf` of one; and a name for every schema that a route or a property writes out and
 * gives a `title`, for what has none is called `InlineObject7` in a client.
 */
export function tidySchemas(document: OpenAPIObject): void {
  const schemas = ((document.components ??= {}).schemas ??= {});
  // What has a name already keeps it.
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

/** Undefined for what is no `allOf` of one reference. */
function unwrapped({ allOf, ...beside }: { allOf?: ReferenceObject[] }): object | undefined {
  return allOf?.length === 1 && allOf[0]?.$ref ? { ...allOf[0], ...beside } : undefined;
}

/** Moves a schema with a title under `components`; undefined for what is none: properties may have that name too. */
function named({ title, example, description, ...schema }: SchemaObject, schemas: Schemas): object | undefined {
  if (typeof title !== 'string' || (typeof schema.type !== 'string' && !schema.anyOf)) return undefined;
  schemas[title] = { title, ...schema };
  return { $ref: `#/components/schemas/${title}`, ...(description && { description }), example: example as unknown };
}
