// Webhooks: how many a second one endpoint gets, and ten together; how long after its commit an event is there. Both alone and
// beside dead endpoints, of which a third refuses connections, a third takes everything and answers nothing, and a third
// answers after seconds.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { processorSeconds } from './support/processor.mjs';
import { startGround } from './support/servers.mjs';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 2000);
const PER_SECOND = 200;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const DEAD = 20;
const SLOW_MS = 3000;

export async function run() {
  const ground = await startGround({ BCRYPT_COST: '4', LOG_LEVEL: 'fatal' });
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  const receivers = [];
  try {
    const { url, pid } = await ground.serve();
    await client.connect();
    const signedIn = await postJson(`${url}/auth/login`, {
      identifier: 'admin@localhost',
      password: 'measured nine times over',
    });
    const headers = {
      authorization: `Bearer ${JSON.parse(signedIn.text).accessToken}`,
      'content-type': 'application/json',
    };
    const add = async (kind) => {
      const receiver = await RECEIVERS[kind]();
      receivers.push(receiver);
      const added = await call(`${url}/webhooks`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ url: receiver.url }),
      });
      if (added.status !== 201) throw new Error(added.text);
      return receiver;
    };
    const first = await add('healthy');
    const one = await rate([first], { client, pid });
    const delayAlone = await delays(first, client);
    const ten = [first];
    while (ten.length < 10) ten.push(await add('healthy'));
    const tenAlone = await rate(ten, { client, pid });
    for (let count = 0; count < DEAD; count++) await add(['refusing', 'silent', 'slow'][count % 3]);
    // The dead ones fail for the first time; then thousands wait for each.
    const tenAtFirst = await rate(ten, { client, pid });
    const tenBeside = await rate(ten, { client, pid });
    await client.query('DELETE FROM webhook_endpoints WHERE url = ANY ($1)', [ten.slice(1).map((other) => other.url)]);
    const delayBeside = await delays(first, client);
    return report({ one, tenAlone, tenAtFirst, tenBeside, delayAlone, delayBeside });
  } finally {
    await client.end();
    await ground.stop();
    for (const receiver of receivers) receiver.stop();
  }
}

const RECEIVERS = {
  healthy: () => receive((response) => response.writeHead(204).end()),
  silent: () => receive(() => undefined),
  slow: () => receive((response) => void setTimeout(() => response.writeHead(204).end(), SLOW_MS)),
  refusing: async () => {
    const receiver = await receive();
    receiver.stop();
    return receiver;
  },
};

async function receive(answer) {
  const at = new Map();
  const server = createServer((request, response) => {
    at.set(request.headers['webhook-id'], performance.now());
    request.resume().on('end', () => answer(response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => server.close() && server.closeAllConnections();
  return { url: `http://127.0.0.1:${server.address().port}/`, at, stop };
}

const INSERT = `
  INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
  SELECT uuidv7(), gen_random_uuid(), 1, 'user.suspended', 1, '{"kind":"system"}', 'bench', clock_timestamp(),
    '{"reason":null}', (SELECT id FROM keys WHERE purpose = 'event-chain' LIMIT 1), '\\x00' FROM generate_series(1, $1)
  RETURNING id`;

/**
 * Many events in one commit, until every receiver has all of them.
 * @returns messages per second, of all together, and milliseconds of the processor that the server took for each
 */
async function rate(receivers, { client, pid }) {
  const wanted = receivers.map(({ at }) => at.size + EVENTS);
  const usedBefore = processorSeconds(pid);
  await client.query(INSERT, [EVENTS]);
  const begin = performance.now();
  while (receivers.some(({ at }, index) => at.size < wanted[index])) await sleep(5);
  const messages = receivers.length * EVENTS;
  const perSecond = round((messages * 1000) / (performance.now() - begin), 0);
  return { perSecond, processorMs: round(((processorSeconds(pid) - usedBefore) * 1000) / messages) };
}

/** At a fixed rate, each in a commit of its own. @returns milliseconds from commit to receiver */
async function delays({ at }, client) {
  const committed = new Map();
  const begin = performance.now() + 20;
  for (let index = 0; index < PER_SECOND * SECONDS; index++) {
    const early = begin + (index * 1000) / PER_SECOND - performance.now();
    if (early > 0) await sleep(early);
    const { rows } = await client.query({ name: 'event', text: INSERT, values: [1] });
    committed.set(rows[0].id, performance.now());
    void client.query("SELECT pg_notify('roster_event_outbox', '')");
  }
  for (let patience = 600; [...committed.keys()].some((id) => !at.has(id)) && patience > 0; patience--) await sleep(50);
  const ms = [...committed].flatMap(([id, when]) => (at.has(id) ? [at.get(id) - when] : []));
  return { p50: round(percentile(ms, 0.5)), p99: round(percentile(ms, 0.99)), delivered: ms.length };
}

function report(seen) {
  const { one, tenAlone, tenAtFirst, tenBeside, delayAlone, delayBeside } = seen;
  const rateOf = ({ perSecond, processorMs }) => `${perSecond} messages/s (${processorMs} ms of processor each)`;
  const delay = ({ p50, p99, delivered }) => `p50 ${p50}, p99 ${p99} ms (${delivered} of ${PER_SECOND * SECONDS})`;
  const share = round((100 * tenBeside.perSecond) / tenAlone.perSecond, 0);
  const times = round(delayBeside.p99 / delayAlone.p99);
  const summary =
    `one endpoint: ${rateOf(one)}; ten together: ${rateOf(tenAlone)}\n` +
    `the ten beside ${DEAD} dead ones: while those fail for the first time ${rateOf(tenAtFirst)}, then ${rateOf(tenBeside)}, ` +
    `${share} % of alone\n` +
    `at ${PER_SECOND} events/s from commit to receiver: alone ${delay(delayAlone)}; ` +
    `beside ${DEAD} dead ones ${delay(delayBeside)}, p99 ${times} times that of alone`;
  const beside = `beside ${DEAD} dead ones`;
  const bars = (field) => [
    { label: 'alone', value: delayAlone[field] },
    { label: beside, value: delayBeside[field] },
  ];
  const chart = barChart('Webhooks', [
    {
      title: 'Messages',
      unit: '1/s',
      bars: [
        { label: 'one endpoint', value: one.perSecond },
        { label: 'ten together', value: tenAlone.perSecond },
        { label: `the ten ${beside}, at first`, value: tenAtFirst.perSecond },
        { label: `the ten ${beside}`, value: tenBeside.perSecond },
      ],
    },
    { title: `Commit to receiver at ${PER_SECOND}/s, p50`, unit: 'ms', bars: bars('p50') },
    { title: `Commit to receiver at ${PER_SECOND}/s, p99`, unit: 'ms', bars: bars('p99') },
  ]);
  return { summary, given: { events: EVENTS, perSecond: PER_SECOND, seconds: SECONDS, dead: DEAD }, ...seen, chart };
}
