// Webhooks: how many a second one endpoint gets, and ten together; how long after its commit an event is there, alone and beside
// endpoints that take everything and answer nothing.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { startGround } from './support/servers.mjs';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 2000);
const PER_SECOND = 200;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const SILENT = 20;

export async function run() {
  const ground = await startGround({ BCRYPT_COST: '4', LOG_LEVEL: 'error' });
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  const receivers = [];
  try {
    const { url } = await ground.serve();
    await client.connect();
    const signedIn = await postJson(`${url}/auth/login`, {
      identifier: 'admin@localhost',
      password: 'measured nine times over',
    });
    const headers = {
      authorization: `Bearer ${JSON.parse(signedIn.text).accessToken}`,
      'content-type': 'application/json',
    };
    const add = async (answers) => {
      const receiver = await receive(answers);
      receivers.push(receiver);
      await call(`${url}/webhooks`, { method: 'POST', headers, body: JSON.stringify({ url: receiver.url }) });
      return receiver;
    };
    const first = await add(true);
    const one = await rate(client, [first]);
    const delayAlone = await delays(client, first);
    const nine = [];
    while (nine.length < 9) nine.push(await add(true));
    const ten = await rate(client, [first, ...nine]);
    await client.query('DELETE FROM webhook_endpoints WHERE url <> $1', [first.url]);
    for (let count = 0; count < SILENT; count++) await add(false);
    const delayBeside = await delays(client, first);
    return report({ one, ten, delayAlone, delayBeside });
  } finally {
    await client.end();
    await ground.stop();
    for (const receiver of receivers) receiver.stop();
  }
}

async function receive(answers) {
  const at = new Map();
  const server = createServer((request, response) => {
    at.set(request.headers['webhook-id'], performance.now());
    request.resume().on('end', () => answers && response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => server.close() && server.closeAllConnections();
  return { url: `http://127.0.0.1:${server.address().port}/`, at, stop };
}

const INSERT = `
  INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
  SELECT gen_random_uuid(), gen_random_uuid(), 1, 'user.suspended', 1, '{"kind":"system"}', 'bench', clock_timestamp(),
    '{"reason":null}', (SELECT id FROM keys WHERE purpose = 'event-chain' LIMIT 1), '\\x00' FROM generate_series(1, $1)
  RETURNING id`;

/** Many events in one commit, until every receiver has all of them. @returns messages per second, of all together */
async function rate(client, receivers) {
  const { rows } = await client.query(INSERT, [EVENTS]);
  const begin = performance.now();
  const all = () => receivers.every(({ at }) => rows.every(({ id }) => at.has(id)));
  while (!all()) await sleep(5);
  return round((receivers.length * EVENTS * 1000) / (performance.now() - begin), 0);
}

/** At a fixed rate, each in a commit of its own. @returns milliseconds from commit to receiver */
async function delays(client, { at }) {
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

function report({ one, ten, delayAlone, delayBeside }) {
  const delay = ({ p50, p99, delivered }) => `p50 ${p50}, p99 ${p99} ms (${delivered} of ${PER_SECOND * SECONDS})`;
  const summary =
    `one endpoint: ${one} messages/s; ten: ${ten} messages/s together\n` +
    `at ${PER_SECOND} events/s from commit to receiver: alone ${delay(delayAlone)}; ` +
    `beside ${SILENT} endpoints that answer nothing ${delay(delayBeside)}`;
  const bars = (field) => [
    { label: 'alone', value: delayAlone[field] },
    { label: `beside ${SILENT} silent ones`, value: delayBeside[field] },
  ];
  const chart = barChart('Webhooks', [
    {
      title: 'Messages',
      unit: '1/s',
      bars: [
        { label: 'one endpoint', value: one },
        { label: 'ten together', value: ten },
      ],
    },
    { title: `Commit to receiver at ${PER_SECOND}/s, p50`, unit: 'ms', bars: bars('p50') },
    { title: `Commit to receiver at ${PER_SECOND}/s, p99`, unit: 'ms', bars: bars('p99') },
  ]);
  return {
    summary,
    given: { events: EVENTS, perSecond: PER_SECOND, seconds: SECONDS },
    one,
    ten,
    delayAlone,
    delayBeside,
    chart,
  };
}
