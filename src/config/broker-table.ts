import * as parse from './parsers.js';
import { optional, required, secret, type Setting } from './setting.js';

/** The settings of the brokers that events go to. */
export const BROKER_TABLE = {
  RELAY_START: required(
    parse.oneOf('end', 'beginning'),
    'end',
    'which events a new sink gets: only new ones (end), or all since the first (beginning)',
  ),
  KAFKA_BROKERS: optional(parse.list, 'host:port list, separated by commas; events go to Kafka when set'),
  KAFKA_TOPIC: required(parse.text, 'users.events', 'topic for events; created if missing'),
  KAFKA_COMPRESSION: required(
    parse.oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    'gzip',
    'compression of batches; every client reads gzip without a further package',
  ),
  KAFKA_SASL_MECHANISM: required(
    parse.oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
    'SCRAM-SHA-512',
    'SASL mechanism for Kafka, used when the two settings below are set',
  ),
  KAFKA_SASL_USERNAME: optional(parse.text, 'user name for Kafka'),
  KAFKA_SASL_PASSWORD: secret(parse.text, 'password for Kafka'),
  KAFKA_TLS: required(parse.flag, 'false', 'TLS to Kafka'),
  KAFKA_TLS_CA: optional(parse.text, 'file with the CA certificates to trust, unless they are public ones'),
  KAFKA_TLS_CERT: optional(parse.text, 'file with the client certificate, if Kafka requires one'),
  KAFKA_TLS_KEY: optional(parse.text, 'file with the private key of the client certificate'),
  AMQP_URL: secret(parse.url('amqp:', 'amqps:'), 'RabbitMQ; events go there when set'),
  AMQP_EXCHANGE: required(parse.text, 'users', 'durable topic exchange for events; created if missing'),
} satisfies Record<string, Setting<unknown>>;
