import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import type { Finding } from '../../src/operator/doctor/finding.js';
import {
  KAFKA_USER,
  type OwnKafka,
  type OwnRabbitmq,
  startKafka,
  startRabbitmq,
  together,
} from '../support/brokers.mjs';
import { runCommand } from '../support/cli.js';
import { type Reader, readKafka, readRabbitmq } from '../support/messages.js';

jest.setTimeout(120_000);

const [OPEN, CLOSED] = ['rights.open', 'rights.closed'];

// Their own, also where others are given: rights are taken away there.
let cluster: OwnKafka;
let rabbit: OwnRabbitmq;
const readers: Reader[] = [];
beforeAll(async () => {
  [cluster, rabbit] = await together(startKafka(), startRabbitmq());
  const admin = new Admin({ clientId: 'roster-test', bootstrapBrokers: [cluster.brokers] });
  await admin.createTopics({ topics: [OPEN, CLOSED] });
  const right = { resourceType: ResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.LITERAL, host: '*' };
  const allowed = { principal: `User:${KAFKA_USER.username}`, permissionType: AclPermissionTypes.ALLOW };
  await admin.createAcls({
    creations: [{ ...right, ...allowed, resourceName: CLOSED, operation: AclOperations.DESCRIBE }],
  });
  await admin.close();
  for (const topic of [OPEN, CLOSED]) readers.push(await readKafka(cluster.brokers, topic));
  for (const exchange of [OPEN, CLOSED]) readers.push(await readRabbitmq(rabbit.url, exchange));
});
afterAll(async () => {
  for (const reader of readers) await reader.close();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

async function examine(environment: Record<string, string>): Promise<string[]> {
  const result = await runCommand(['doctor', '--json'], { NODE_ENV: 'test', BCRYPT_COST: '4', ...environment });
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  return findings
    .filter(({ about }) => ['Kafka', 'RabbitMQ'].includes(about))
    .map(({ about, state, seen, advice }) => `${about} ${state}: ${seen} | ${advice}`);
}

describe('The doctor, without publishing anything,', () => {
  it('tells whether the user may write to the topic', async () => {
    const kafka = (topic: string) =>
      examine({
        KAFKA_BROKERS: cluster.securedBrokers,
        KAFKA_TOPIC: topic,
        KAFKA_TLS: 'true',
        KAFKA_TLS_CA: cluster.ca,
        KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        KAFKA_SASL_USERNAME: KAFKA_USER.username,
        KAFKA_SASL_PASSWORD: KAFKA_USER.password,
      });
    expect(await kafka(OPEN)).toEqual([expect.stringMatching(/^Kafka ok: .*the user may write to it/)]);
    expect(await kafka(CLOSED)).toEqual([
      expect.stringMatching(/^Kafka failed: .*may see the topic, and not write to it \| allow the user/),
    ]);
  });

  it('tells whether the user may write to the exchange, and has what it needs to declare it', async () => {
    const rabbitmq = async (exchange: string, rights: readonly [configure: string, write: string]) => {
      await rabbit.control('set_permissions', 'guest', ...rights, '.*');
      return examine({ AMQP_URL: rabbit.url, AMQP_EXCHANGE: exchange });
    };
    expect(await rabbitmq(OPEN, ['.*', '.*'])).toEqual([
      expect.stringMatching(/^RabbitMQ ok: .*is there, and the user may write to it/),
    ]);
    expect(await rabbitmq(CLOSED, ['.*', '^$'])).toEqual([
      expect.stringMatching(/^RabbitMQ failed: .*BasicPublish: ACCESS_REFUSED.* \| .*set_permissions/),
    ]);
    expect(await rabbitmq(CLOSED, ['^$', '.*'])).toEqual([
      expect.stringMatching(/^RabbitMQ failed: .*ExchangeDeclare: ACCESS_REFUSED.* \| .*set_permissions/),
    ]);
  });

  it('has published nothing', () => {
    expect(readers.flatMap(({ received }) => received)).toEqual([]);
  });
});
