// Goal P16: mails rendered and handed to SMTP per second, beside nodemailer's own pool with a mail that is ready.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { mediansOf, round } from './support/figures.mjs';
import { processorSeconds } from './support/processor.mjs';
import { startGround } from './support/servers.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const MAILS = Number(process.env.BENCH_MAILS ?? 3000);
const CONNECTIONS = 10;
const GOAL = 500;

export async function run() {
  const sink = await startSink();
  const ground = await startGround({ SMTP_URL: sink.url, SMTP_CONNECTIONS: String(CONNECTIONS), BCRYPT_COST: '4' });
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  try {
    const server = await ground.serve({ LOG_LEVEL: 'warn' });
    await client.connect();
    await makePeople(client);
    await throughRoster(client, sink, 300);
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      const used = processorSeconds(server.pid);
      const roster = await throughRoster(client, sink, MAILS);
      const perProcessorSecond = round(MAILS / (processorSeconds(server.pid) - used), 0);
      const bare = await throughNodemailer(sink, MAILS);
      rounds.push({ roster, perProcessorSecond, bare, ratio: round(roster / bare) });
      console.log(`${index + 1}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    await client.end();
    await ground.stop();
    sink.stop();
  }
}

async function startSink() {
  const child = fork(join(import.meta.dirname, 'support/smtp-sink.mjs'));
  const [{ port }] = await once(child, 'message');
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    seen: async () => {
      child.send('count');
      return (await once(child, 'message'))[0];
    },
    stop: () => child.disconnect(),
  };
}

/** Users with a link each, which a mail is put together from; none of them can sign in. */
async function makePeople(client) {
  await client.query(
    `INSERT INTO users (id, version, email, email_key, email_verified, first_name, is_professional, role, pending, created_at, updated_at, search)
     SELECT gen_random_uuid(), 1, address, address, false, 'Ada', false, 'AUTHENTICATED', true, now(), now(), address
     FROM (SELECT 'somebody-' || n || '@example.com' AS address FROM generate_series(1, $1::int) AS n) AS people`,
    [MAILS],
  );
  await client.query(
    `INSERT INTO one_time_tokens (id, user_id, purpose, key_id, nonce, expires_at)
     SELECT gen_random_uuid(), users.id, 'verify-email', (SELECT id FROM keys WHERE purpose = 'one-time-token' LIMIT 1),
       sha256(users.id::text::bytea), now() + interval '1 day' FROM users WHERE pending`,
  );
}

/** @returns mails a second, from the moment at which all are due to the arrival of the last */
async function throughRoster(client, sink, count) {
  await client.query('TRUNCATE mails');
  const before = (await sink.seen()).count;
  await client.query(
    `INSERT INTO mails (id, user_id, template, recipient, trace_id, data)
     SELECT gen_random_uuid(), id, 'verify-email', email, 'bench', '{"requestedAt": "now", "requestedFrom": "Firefox on Linux"}'
     FROM users WHERE pending LIMIT $1`,
    [count],
  );
  const begin = Date.now();
  for (;;) {
    const { count: now, last } = await sink.seen();
    if (now - before >= count) return round(count / ((last - begin) / 1000), 0);
    await sleep(20);
  }
}

async function throughNodemailer(sink, count) {
  const transport = createTransport({ host: '127.0.0.1', port: sink.port, pool: true, maxConnections: CONNECTIONS });
  const before = (await sink.seen()).count;
  const begin = Date.now();
  const mail = { from: 'no-reply@localhost', to: 'somebody@example.com', subject: 'Ready', text: 'x'.repeat(1000) };
  const html = `<p>${'x'.repeat(5000)}</p>`;
  await Promise.all(Array.from({ length: count }, () => transport.sendMail({ ...mail, html })));
  const { count: now, last } = await sink.seen();
  transport.close();
  if (now - before !== count) throw new Error(`The sink had ${now - before} of ${count} mails`);
  return round(count / ((last - begin) / 1000), 0);
}

function report(rounds) {
  const medians = mediansOf(rounds);
  const summary =
    `${MAILS} mails with a link, over ${CONNECTIONS} connections, durability on; medians of ${ROUNDS} rounds.\n` +
    `${medians.roster} mails a second rendered, handed over and recorded (goal ${GOAL}), ` +
    `${medians.perProcessorSecond} for each second of processor time of the service; ` +
    `nodemailer's pool alone with a ready mail: ${medians.bare} a second.`;
  const bars = [
    { label: 'Roster', value: medians.roster },
    { label: 'nodemailer, ready mail', value: medians.bare },
  ];
  const chart = barChart('Mails', [{ title: 'Handed to SMTP', unit: 'a second', goal: GOAL, bars }]);
  return { summary, given: { rounds: ROUNDS, mails: MAILS, connections: CONNECTIONS }, medians, rounds, chart };
}
