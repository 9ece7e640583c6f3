import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import { Connection } from 'rabbitmq-client';
import { installKafka, type OwnRabbitmq, startRabbitmq } from '../support/brokers.mjs';
import { type ComposeProject, loadCompose } from '../support/deploy-tool.js';
import { freePort } from '../support/process.js';
import { makeProgramHome, Program } from '../support/program.js';

jest.setTimeout(180_000);

const run = promisify(execFile);

/** What docker-compose.yml starts besides Roster, by its commands and settings, as Debian and Maven Central have it. */
let folder: string;
let compose: ComposeProject;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-services-'));
  mkdirSync(join(folder, 'docker'));
  for (const file of ['docker-compose.yml', 'docker/make-secrets.sh']) copyFileSync(file, join(folder, file));
  await run('sh', [join(folder, 'docker/make-secrets.sh')]);
  compose = await loadCompose(folder, { profiles: ['redis', 'kafka', 'rabbitmq'] });
});
afterAll(() => rmSync(folder, { recursive: true }));

const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');

describe('Redis', () => {
  it('takes its command, and is found healthy', async () => {
    const { command, healthcheck } = compose.services['redis']!;
    const port = String(await freePort());
    const [program = '', ...args] = command!;
    const redis = Program.start('Redis', program, [...args, '--port', port], makeProgramHome('redis'));
    try {
      const [, client = '', ...check] = healthcheck!.test!;
      const ask = async (...asked: string[]) => (await run(client, ['-p', port, ...asked])).stdout.trim();
      await redis.until(
        () =>
          ask(...check)
            .then((answer) => answer === 'PONG')
            .catch(() => false),
        60_000,
      );
      expect(await ask('CONFIG', 'GET', 'maxmemory-policy')).toContain('volatile-ttl');
      expect(await ask('CONFIG', 'GET', 'maxmemory')).toContain(String(128 * 2 ** 20));
      expect(await ask('CONFIG', 'GET', 'save')).toBe('save');
    } finally {
      await redis.stop();
    }
  });
});

describe('RabbitMQ', () => {
  let broker: OwnRabbitmq | undefined;
  afterAll(() => broker?.remove());

  const connects = async (username: string, password: string): Promise<boolean> => {
    const url = Object.assign(new URL(broker!.url), { username, password }).href;
    const connection = new Connection({ url, retryLow: 60_000 });
    const came = new Promise<boolean>((answer) => {
      connection.once('connection', () => answer(true));
      connection.once('error', () => answer(false));
    });
    return came.finally(() => connection.close());
  };

  it('makes the user of the secret, whom Roster’s URL names, and no other', async () => {
    const [{ target } = { target: '' }] = compose.services['rabbitmq']!.secrets!;
    // Where the image reads more of its configuration from.
    expect(target).toMatch(/^\/etc\/rabbitmq\/conf\.d\/.*\.conf$/);
    broker = await startRabbitmq(secret('rabbitmq.conf'));
    const { username, password, hostname } = new URL(secret('amqp-url').trim());
    expect(hostname).toBe('rabbitmq');
    expect(await connects(username, password)).toBe(true);
    expect(await connects(username, 'wrong')).toBe(false);
    expect(await connects('guest', 'guest')).toBe(false);
  });
});

describe('Kafka', () => {
  it('starts with its settings, read by the program that reads them in the image', async () => {
    const jars = await installKafka();
    const home = makeProgramHome('kafka');
    const [inside, outside, controller] = [await freePort(), await freePort(), await freePort()];
    const here = (value: string) =>
      value
        .replaceAll('INSIDE://:9092', `INSIDE://127.0.0.1:${inside}`)
        .replaceAll('INSIDE://kafka:9092', `INSIDE://127.0.0.1:${inside}`)
        .replaceAll('29092', String(outside))
        .replaceAll('9093', String(controller))
        .replaceAll('/var/lib/kafka', home);
    const given = Object.entries(compose.services['kafka']!.environment!);
    const settings = Object.fromEntries(given.map(([name, value]) => [name, here(value ?? '')]));
    for (const folder of ['default', 'mounted', 'final']) mkdirSync(join(home, folder));
    for (const file of ['server.properties', 'log4j2.yaml', 'tools-log4j2.yaml'])
      writeFileSync(join(home, 'default', file), '');
    const java = [
      '-Xmx512m',
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      join(jars, '*'),
    ];
    const folders = ['default', 'mounted', 'final'].flatMap((name) => [`--${name}-configs-dir`, join(home, name)]);
    // As the entry point of the image does, with its CLUSTER_ID.
    const env = { ...process.env, ...settings, CLUSTER_ID: '5L6g3nShT-eMCtK--X86sw' };
    await run('java', [...java, 'kafka.docker.KafkaDockerWrapper', 'setup', ...folders], { env });
    const kafka = Program.start('Kafka', 'java', [...java, 'kafka.Kafka', join(home, 'final/server.properties')], home);
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [`127.0.0.1:${outside}`], retries: 0 });
    try {
      await kafka.until(
        () =>
          admin.createTopics({ topics: ['roster.users'], partitions: -1, replicas: -1 }).then(
            () => true,
            () => false,
          ),
        90_000,
      );
      const described = await admin.metadata({ topics: ['roster.users'] });
      expect(described.topics.get('roster.users')?.partitionsCount).toBe(3);
      expect([...described.brokers.values()]).toMatchObject([{ host: 'localhost', port: outside }]);
    } finally {
      await admin.close();
      await kafka.stop();
    }
  });
});
