// Real brokers for tests and measurements: where they are not given, RabbitMQ as Debian packs it, and Kafka from Maven Central.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const POM = join(ROOT, 'test/brokers/kafka/pom.xml');
const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const START_PATIENCE_MS = 90_000;

export const KAFKA_USER = { username: 'roster', password: 'sealed-with-a-kiss' };

/** The brokers of `KAFKA_BROKERS`, else one of our own, which can be stopped and started. */
export async function kafka() {
  const given = process.env.KAFKA_BROKERS;
  if (given) return { brokers: given, isOurs: false, stop: async () => undefined, remove: async () => undefined };
  return startKafka();
}

/** The broker of `AMQP_URL`, else one of our own, which can be stopped and started. */
export async function rabbitmq() {
  const given = process.env.AMQP_URL;
  if (given) return { url: given, isOurs: false, stop: async () => undefined, remove: async () => undefined };
  return startRabbitmq();
}

/** Starts several at once. Where one cannot be started, the others are removed. */
export async function together(...starting) {
  const results = await Promise.allSettled(starting);
  const failed = results.find(({ status }) => status === 'rejected');
  if (!failed) return results.map(({ value }) => value);
  await Promise.all(results.map(({ value }) => value?.remove()));
  throw failed.reason;
}

/**
 * Kafka as one process (KRaft), in the clear on `brokers`, with TLS and SCRAM-SHA-512 on `securedBrokers`, and on
 * `mutualBrokers` with TLS for who shows the certificate of `ca` and `key`. Who signs in as `KAFKA_USER` may do everything with topics for
 * which there is no ACL.
 * @param before puts something before the port in the clear, and returns the port that clients are told
 */
export async function startKafka(before = async (port) => port) {
  const jars = await installKafka();
  const home = mkdtempSync(join(tmpdir(), 'roster-kafka-'));
  const [port, securedPort, mutualPort, controllerPort] = await freePorts(4);
  const { key, certificate: ca } = await makeCertificate(home);
  const properties = join(home, 'server.properties');
  const toldPort = await before(port);
  writeFileSync(properties, kafkaProperties({ home, port, toldPort, securedPort, mutualPort, controllerPort }));
  const options = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  const java = (main, ...args) => [...options, '-cp', join(jars, '*'), main, ...args];
  const scram = `SCRAM-SHA-512=[name=${KAFKA_USER.username},password=${KAFKA_USER.password}]`;
  const id = 'cm9zdGVyLXRlc3QtMDAwMQ';
  await run('java', java('kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, '--add-scram', scram));
  const broker = program('Kafka', home, () => spawnOwn('java', java('kafka.Kafka', properties), { home }), port);
  await broker.start();
  const at = (ofListener) => `127.0.0.1:${ofListener}`;
  const secured = { securedBrokers: at(securedPort), mutualBrokers: at(mutualPort), ca, key };
  return { ...broker, isOurs: true, brokers: at(toldPort), ...secured };
}

/**
 * RabbitMQ, also with TLS, with a name server (epmd) of its own, so that nothing of it stays behind.
 * @param more lines of its configuration
 */
export async function startRabbitmq(more = '') {
  if (!existsSync(RABBITMQ)) throw new Error('RabbitMQ is missing (Debian: apt-get install rabbitmq-server).');
  const home = mkdtempSync(join(tmpdir(), 'roster-rabbitmq-'));
  const [port, securedPort, namesPort, distributionPort] = await freePorts(4);
  const { key, certificate: ca } = await makeCertificate(home);
  const environment = {
    HOME: home,
    ERL_EPMD_PORT: String(namesPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `roster-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'logs'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
  };
  const configuration = `
log.file.level = warning
listeners.ssl.default = 127.0.0.1:${securedPort}
ssl_options.cacertfile = ${ca}
ssl_options.certfile = ${ca}
ssl_options.keyfile = ${key}
${more}`;
  writeFileSync(join(home, 'rabbitmq.conf'), configuration);
  writeFileSync(join(home, 'plugins'), '[].\n');
  const names = spawnOwn('epmd', ['-port', String(namesPort), '-address', '127.0.0.1'], { home });
  const broker = program('RabbitMQ', home, () => spawnOwn(RABBITMQ, [], { home, environment }), port);
  await broker.start();
  const remove = async () => {
    await broker.remove();
    await end(names);
  };
  const at = (scheme, ofListener) => `${scheme}://guest:guest@127.0.0.1:${ofListener}`;
  const control = async (...words) => {
    await run(join(RABBITMQ, '../rabbitmqctl'), words, {
      env: { PATH: `${process.env.PATH}:/usr/sbin`, LANG: 'C.UTF-8', ...environment },
    });
  };
  const urls = { url: at('amqp', port), securedUrl: at('amqps', securedPort) };
  return { ...broker, remove, control, isOurs: true, ...urls, ca };
}

/** What is started, stopped and started again on the same data; ready when it takes connections. */
function program(name, home, launch, port) {
  let child;
  const start = async () => {
    child = launch();
    const giveUpAt = Date.now() + START_PATIENCE_MS;
    while (!(await answers(port))) {
      if (child.exitCode === null && Date.now() < giveUpAt) await sleep(100);
      else throw new Error(`${name} does not start:\n${readFileSync(join(home, 'output'), 'utf8').slice(-4000)}`);
    }
  };
  const stop = async () => {
    if (child) await end(child);
    child = undefined;
  };
  const remove = async () => {
    await stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return { start, stop, remove };
}

const started = new Set();
process.once('exit', () => started.forEach((child) => killGroup(child)));

/** In a group of its own: what it starts itself ends with it. */
function spawnOwn(command, args, { home, environment = {} }) {
  const child = spawn('sh', ['-c', 'exec "$0" "$@" >>output 2>&1', command, ...args], {
    cwd: home,
    env: { PATH: `${process.env.PATH}:/usr/sbin`, HOME: home, LANG: 'C.UTF-8', ...environment },
    stdio: 'ignore',
    detached: true,
  });
  // Tests that leave it running must end all the same, and it with them.
  child.unref();
  started.add(child);
  return child;
}

async function end(child) {
  started.delete(child);
  child.ref();
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  killGroup(child);
  await gone;
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}

/** Copies Kafka's jars by Maven, once. @returns the folder that they are in */
export async function installKafka() {
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  const folder = join(ROOT, `node_modules/.cache/kafka-${version}`);
  const done = join(folder, 'installed');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  try {
    await run('mvn', ['--batch-mode', '--quiet', '--file', POM, ...goal]);
  } catch (error) {
    const hint = 'It needs Java 17 and Maven (Debian: apt-get install default-jre-headless maven).';
    throw new Error(`Kafka could not be installed. ${hint}\n${String(error.stdout ?? '')}${String(error)}`, {
      cause: error,
    });
  }
  writeFileSync(done, '');
  return folder;
}

/** @returns the files with the key, and with the certificate, which is its own authority */
async function makeCertificate(home) {
  const [key, certificate] = [join(home, 'key.pem'), join(home, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30'],
    ...['-keyout', key, '-out', certificate, ...subject],
  ]);
  writeFileSync(join(home, 'keystore.pem'), readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
  return { key, certificate };
}

function kafkaProperties({ home, port, toldPort, securedPort, mutualPort, controllerPort }) {
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const outside = (inTheClear) =>
    `PLAINTEXT://127.0.0.1:${inTheClear},SASL_SSL://127.0.0.1:${securedPort},MUTUAL://127.0.0.1:${mutualPort}`;
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=${outside(port)},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${outside(toldPort)}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(home, 'data')}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
auto.create.topics.enable=false
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${module} required;
ssl.keystore.type=PEM
ssl.keystore.location=${join(home, 'keystore.pem')}
listener.name.mutual.ssl.client.auth=required
ssl.truststore.type=PEM
ssl.truststore.location=${join(home, 'certificate.pem')}
`;
}

/** Ports that nobody has now, all held until the last is known. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function answers(port) {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), answer(true)));
    socket.once('error', () => answer(false));
  });
}
