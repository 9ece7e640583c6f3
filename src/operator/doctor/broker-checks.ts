import type { Admin, API, Callback, Connection } from '@platformatic/kafka';
import { clientOptions } from '../../relay/kafka/kafka-client.js';
import { reasonOf } from '../../relay/outage-log.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const ANSWER_WITHIN_MS = 10_000;

export const BROKER_CHECKS: readonly Check[] = [
  { about: 'Kafka', asks: () => 'Kafka', withinMs: 3 * ANSWER_WITHIN_MS, run: kafka },
  { about: 'RabbitMQ', asks: () => 'RabbitMQ', withinMs: 2 * ANSWER_WITHIN_MS, run: rabbitmq },
  { about: 'Redis', asks: () => 'Redis', withinMs: 2 * ANSWER_WITHIN_MS, run: redis },
];

async function kafka({ settings }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('Kafka');
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic } = settings;
  if (brokers === undefined) return [];
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin({ ...clientOptions(settings, brokers), retries: 0 });
  const place = `${brokers.join(', ')}, topic ${topic}`;
  try {
    const { topics } = await admin.metadata({ topics: [topic] });
    const partitions = topics.get(topic)?.partitionsCount;
    const seen = `${place}: ${partitions === undefined ? 'answers' : `${partitions} partitions`}`;
    const mayWrite = await mayWriteTo(admin, topic);
    if (mayWrite === undefined) return [about.ok(`${seen}; the brokers do not tell who may write to it`)];
    if (mayWrite) return [about.ok(`${seen}; the user may write to it`)];
    return [about.failed(`${place}: the user may see the topic, and not write to it`, { advice: KAFKA_RIGHTS })];
  } catch (error) {
    const reason = reasonOf(error);
    if (/unknown topic/i.test(reason)) {
      return [
        about.warning(`${place}: the topic does not exist`, {
          advice: 'the server creates it if it may; else create it by hand, with the partitions that you want',
        }),
      ];
    }
    return [about.failed(`${place}: ${reason}`, { advice: kafkaAdvice(reason) })];
  } finally {
    await Promise.resolve(admin.close()).catch(() => undefined);
  }
}

/** As the brokers tell it to the user who asks, so that nothing has to be written. Undefined where they are too old to tell. */
async function mayWriteTo(admin: Admin, topic: string): Promise<boolean | undefined> {
  const kafkaClient = await import('@platformatic/kafka');
  const connection = await answerOf<Connection>((take) => admin[kafkaClient.kGetBootstrapConnection](take));
  const api = await answerOf<MetadataApi>((take) => admin[kafkaClient.kGetApi]('Metadata', take));
  const { topics } = await api.async(connection, [topic], false, true);
  const operations = topics.find(({ name }) => name === topic)?.topicAuthorizedOperations ?? NOT_TOLD;
  return operations === NOT_TOLD ? undefined : (operations & (1 << kafkaClient.AclOperations.WRITE)) !== 0;
}

type MetadataApi = API<
  [topics: string[], autocreate: boolean, includeTopicAuthorizedOperations: boolean],
  { readonly topics: readonly { readonly name: string | null; readonly topicAuthorizedOperations: number }[] }
>;

/** The smallest number of 32 bits (KIP-430). */
const NOT_TOLD = -(2 ** 31);

function answerOf<Answer>(ask: (take: Callback<Answer>) => void): Promise<Answer> {
  return new Promise((answer, fail) => {
    ask((error, given) => (error ? fail(error) : answer(given as Answer)));
  });
}

const KAFKA_RIGHTS = 'allow the user to Describe, Write and IdempotentWrite: kafka-acls --producer --topic ...';

function kafkaAdvice(reason: string): string {
  if (/authoriz/i.test(reason)) return KAFKA_RIGHTS;
  if (/sasl|authentic/i.test(reason))
    return 'correct KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';
  return 'start a broker, or correct KAFKA_BROKERS (host:port, with the port of the listener for clients) and KAFKA_TLS';
}

async function rabbitmq({ settings }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('RabbitMQ');
  const { AMQP_URL: url, AMQP_EXCHANGE: exchange } = settings;
  if (url === undefined) return [];
  const place = `${new URL(url).host}, exchange ${exchange}`;
  try {
    return [about.ok(`${place}: ${await declared(url, exchange)}`)];
  } catch (error) {
    const reason = reasonOf(error);
    return [about.failed(`${place}: ${reason}`, { advice: rabbitAdvice(reason) })];
  }
}

/** As the server does it: declaring what is there already changes nothing. */
async function declared(url: string, exchange: string): Promise<string> {
  const { Connection } = await import('rabbitmq-client');
  const connection = new Connection({
    url,
    connectionName: 'roster doctor',
    connectionTimeout: ANSWER_WITHIN_MS,
    acquireTimeout: ANSWER_WITHIN_MS,
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  connection.on('error', reject);
  try {
    const look = async (): Promise<string> => {
      const channel = await connection.acquire();
      try {
        await channel.exchangeDeclare({ exchange, type: 'topic', durable: true, passive: true });
      } catch (error) {
        if ((error as { code?: unknown }).code === 'NOT_FOUND') return 'the server will create it';
        throw error;
      }
      // What is there already is compared.
      await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
      // The broker checks the right to write when a message comes, and routes none before its transaction is committed.
      await channel.txSelect();
      await channel.basicPublish({ exchange, routingKey: 'user.created' }, Buffer.alloc(0));
      await channel.txRollback();
      return 'is there, and the user may write to it';
    };
    return await Promise.race([look(), failed]);
  } finally {
    connection.unsafeDestroy();
  }
}

function rabbitAdvice(reason: string): string {
  if (/ACCESS_REFUSED|403/i.test(reason))
    return 'correct user and password in AMQP_URL, and allow the user: rabbitmqctl set_permissions';
  if (/PRECONDITION|inequivalent/i.test(reason))
    return 'the exchange is of another kind: choose another name by AMQP_EXCHANGE, or delete it';
  return 'start RabbitMQ, or correct host and port in AMQP_URL (5672, amqps: 5671)';
}

async function redis({ settings: { REDIS_URL } }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('Redis');
  if (REDIS_URL === undefined) return [];
  const { host } = new URL(REDIS_URL);
  const { Redis } = await import('ioredis');
  const client = new Redis(REDIS_URL, {
    lazyConnect: true,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    retryStrategy: () => null,
  });
  // The error of `connect` says more.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return [about.ok(`${host} answers`)];
  } catch (error) {
    return [
      about.failed(`${host}: ${reasonOf(error)}`, {
        advice: 'start Redis, or correct REDIS_URL; until then each server counts rate limits for itself',
      }),
    ];
  } finally {
    client.disconnect();
  }
}
