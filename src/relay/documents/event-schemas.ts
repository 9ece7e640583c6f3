import type { Settings } from '../../config/settings.js';
import { USER_EVENTS, type UserEventType } from '../../events/catalogue.js';
import { type JsonSchema, nullable } from '../../events/event-fields.js';
import { dataSchemaUrl } from '../cloud-event.js';

export type DocumentSettings = Pick<Settings, 'PUBLIC_URL' | 'EVENT_PERSONAL_DATA' | 'KAFKA_TOPIC' | 'AMQP_EXCHANGE'>;

export const EVENT_TYPES = Object.keys(USER_EVENTS) as UserEventType[];

export interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema | ArraySchema>>;
  readonly required: readonly string[];
}

interface ArraySchema {
  readonly type: 'array';
  readonly items: JsonSchema;
  readonly description: string;
  readonly examples: readonly unknown[];
}

const ERASED = 'personal: null once the person was erased';

/** The data of a published event: with personal values, or with the names of those that are left out. */
export function dataSchema(type: UserEventType, { EVENT_PERSONAL_DATA }: DocumentSettings): ObjectSchema {
  const { fields, personal } = USER_EVENTS[type];
  const omits = EVENT_PERSONAL_DATA === 'omit';
  const shown = Object.entries(fields).filter(([, field]) => !(omits && field.personal));
  const properties = shown.map(([name, field]) => [name, field.personal ? erasable(field.schema) : field.schema]);
  const required = shown.flatMap(([name, field]) => (field.optional ? [] : [name]));
  const own = Object.fromEntries(properties) as ObjectSchema['properties'];
  if (!omits) return { type: 'object', properties: own, required };
  return {
    type: 'object',
    properties: { ...own, changed: changedSchema(personal) },
    required: [...required, 'changed'],
  };
}

/** A complete JSON Schema document (2020-12), the target of `dataschema`. */
export function dataSchemaDocument(type: UserEventType, settings: DocumentSettings): object {
  const { summary, version } = USER_EVENTS[type];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: dataSchemaUrl(settings.PUBLIC_URL, { type, version }),
    title: type,
    description: summary,
    ...dataSchema(type, settings),
  };
}

/** A complete example message of the type. */
export function exampleOf(type: UserEventType, settings: DocumentSettings): Record<string, unknown> {
  const fixed = { type, dataschema: dataSchemaUrl(settings.PUBLIC_URL, { type, version: USER_EVENTS[type].version }) };
  return {
    ...examplesIn(ENVELOPE),
    source: settings.PUBLIC_URL,
    ...fixed,
    data: examplesIn(dataSchema(type, settings)),
  };
}

/** The envelope: CloudEvents 1.0 with the extensions that Roster sets (`toCloudEvent`). */
export const ENVELOPE: ObjectSchema = {
  type: 'object',
  properties: {
    specversion: { type: 'string', const: '1.0', description: 'version of CloudEvents', examples: ['1.0'] },
    id: {
      ...{ type: 'string', format: 'uuid', examples: ['019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071'] },
      description: 'UUIDv7 of the event; the same each time it is sent, so that consumers can deduplicate',
    },
    source: { type: 'string', format: 'uri', description: 'the public URL of this Roster', examples: [''] },
    type: { type: 'string', enum: EVENT_TYPES, description: 'type of the event', examples: ['user.created'] },
    subject: {
      ...{ type: 'string', format: 'uuid', examples: ['019aa53c-1f7e-7c2f-b1c0-6a5b4c3d2e1f'] },
      description: 'id of the user',
    },
    time: {
      type: 'string',
      format: 'date-time',
      description: 'when it happened',
      examples: ['2026-11-21T09:14:00.000Z'],
    },
    datacontenttype: { type: 'string', const: 'application/json', examples: ['application/json'] },
    dataschema: {
      type: 'string',
      format: 'uri',
      description: 'URL of the JSON Schema of `data`, with type and version',
      examples: [''],
    },
    traceparent: {
      ...{ type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
      description: 'W3C Trace Context of the request that caused it, where its trace id is valid there',
      examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-b1c07d2a4e5f6071-01'],
    },
    traceid: {
      ...{ type: 'string', examples: ['4bf92f3577b34da6a3ce929d0e0e4736'] },
      description: 'trace id of the request, as in its response (`X-Trace-Id`) and in the logs',
    },
    sequence: {
      ...{ type: 'string', pattern: '^[0-9]{16}$', examples: ['0000000000004711'] },
      description: 'position in the feed (1, 2, 3, ... without gaps), as a sortable string',
    },
    userversion: {
      ...{ type: 'integer', minimum: 1, examples: [1] },
      description: 'version of the user: 1, 2, 3, ... without gaps',
    },
    authtype: {
      ...{ type: 'string', enum: ['app_user', 'unauthenticated', 'system'], examples: ['app_user'] },
      description: 'who caused it: a user, somebody who is not signed in, or Roster itself',
    },
    authid: {
      ...{ type: 'string', format: 'uuid', examples: ['019aa53c-1f7e-7c2f-b1c0-5f4e3d2c1b0a'] },
      description: 'id of the user who caused it',
    },
  },
  required: [
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'traceid'],
    ...['sequence', 'userversion', 'authtype'],
  ],
};

function erasable(schema: JsonSchema): JsonSchema {
  const description = schema.description === undefined ? ERASED : `${schema.description}; ${ERASED}`;
  return { ...nullable(schema), description };
}

function changedSchema(personal: readonly string[]): ArraySchema {
  return {
    type: 'array',
    items: { type: 'string', ...(personal.length > 0 && { enum: personal }) },
    description: 'names of the personal fields, whose values are left out',
    examples: [personal],
  };
}

function examplesIn({ properties }: ObjectSchema): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, schema.examples?.[0]]));
}
