import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../config/package-root.js';
import { USER_EVENTS, type UserEventType } from '../../events/catalogue.js';
import { dataSchemaUrl } from '../cloud-event.js';
import { dataSchema, type DocumentSettings, ENVELOPE, EVENT_TYPES, exampleOf } from './event-schemas.js';

const DESCRIPTION = `Events about users, for other systems: CloudEvents 1.0 in JSON (structured mode), on every configured channel.

Every event is delivered at least once, with the same \`id\` each time. Events of one user come in the order of \`userversion\`. An
event is published after its change is committed, never for a rollback.`;

const CONTENT_TYPE = 'application/cloudevents+json';

const CHANNELS = {
  kafka: {
    title: 'Apache Kafka',
    description: 'Where `KAFKA_BROKERS` is set. The message key is the id of the user.',
  },
  rabbitmq: {
    title: 'RabbitMQ',
    description: 'Where `AMQP_URL` is set. A durable topic exchange; the routing key is the type.',
  },
  webhooks: {
    title: 'Webhooks',
    description:
      'Posted to every URL that an administrator added (`POST /webhooks`), signed as in Standard Webhooks: `webhook-id` (the `id` of the event), `webhook-timestamp`, `webhook-signature`.',
  },
} as const;
type ChannelName = keyof typeof CHANNELS;
const NAMES = Object.keys(CHANNELS) as ChannelName[];

/** The published events as an AsyncAPI 3.0 document, from their declarations. */
export function asyncApiDocument(settings: DocumentSettings): object {
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
  const byType = <T>(of: (type: UserEventType) => T): Record<string, T> =>
    Object.fromEntries(EVENT_TYPES.map((type) => [type, of(type)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Roster events',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: CONTENT_TYPE,
    channels: Object.fromEntries(
      NAMES.map((name) => [
        name,
        { ...CHANNELS[name], ...channelAddress(name, settings), messages: byType((type) => refTo('messages', type)) },
      ]),
    ),
    operations: Object.fromEntries(
      NAMES.map((name) => [
        `send-${name}`,
        { action: 'send', title: `Events to ${CHANNELS[name].title}`, channel: { $ref: `#/channels/${name}` } },
      ]),
    ),
    components: {
      messages: byType((type) => ({
        name: type,
        title: type,
        summary: USER_EVENTS[type].summary,
        contentType: CONTENT_TYPE,
        payload: payloadOf(type, settings),
        examples: [{ payload: exampleOf(type, settings) }],
      })),
      schemas: { CloudEvent: ENVELOPE, ...byType((type) => dataSchema(type, settings)) },
    },
  };
}

function payloadOf(type: UserEventType, { PUBLIC_URL }: DocumentSettings): object {
  const { version } = USER_EVENTS[type];
  const own = {
    type: 'object',
    properties: {
      type: { const: type },
      dataschema: { const: dataSchemaUrl(PUBLIC_URL, { type, version }) },
      data: refTo('schemas', type),
    },
    required: ['data'],
  };
  return { allOf: [refTo('schemas', 'CloudEvent'), own] };
}

function channelAddress(name: ChannelName, { KAFKA_TOPIC, AMQP_EXCHANGE }: DocumentSettings): object {
  switch (name) {
    case 'kafka':
      return { address: KAFKA_TOPIC, bindings: { kafka: { topic: KAFKA_TOPIC } } };
    case 'rabbitmq':
      return {
        address: '{type}',
        parameters: {
          type: { description: 'the type of the event', enum: EVENT_TYPES, location: '$message.payload#/type' },
        },
        bindings: {
          amqp: {
            is: 'routingKey',
            exchange: { name: AMQP_EXCHANGE, type: 'topic', durable: true, autoDelete: false },
          },
        },
      };
    case 'webhooks':
      return { address: null };
  }
}

function refTo(kind: 'messages' | 'schemas', name: string): { readonly $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}
