// Goal P16: mails rendered and handed to SMTP per second, beside nodemailer's own pool with a mail that is ready.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { count, ROUNDS } from './support/counts.mjs';
import { mediansOf, round } from './support/figures.mjs';
import { familyProcessorSeconds, parentOf, processorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const MAILS = count('BENCH_MAILS', 3000, 600);
const CONNECTIONS = 10;
const GOAL = 1000;

export async function run() {
  const sink = await startSink();
  const ground = await startGround({ SMTP_URL: sink.url, SMTP_CONNECTIONS: String(CONNECTIONS), BCRYPT_COST: '4' });
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  try {
    const server = await ground.serve({ LOG_LEVEL: 'warn' });
    await client.connect();
    const postmaster = parentOf((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
    await makePeople(client);
    await throughRoster(client, sink, 300);
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      // Milliseconds of the processor for each mail.
      const service = spentPerMail(() => processorSeconds(server.pid));
      const postgres = spentPerMail(() => familyProcessorSeconds(postmaster));
      const smtp = spentPerMail(() => processorSeconds(sink.pid));
      const figures = {
        roster: await throughRoster(client, sink, MAILS),
        service: service(),
        postgres: postgres(),
        smtp: smtp(),
      };
      const nodemailer = spentPerMail(() => processorSeconds(process.pid));
      const bare = await throughNodemailer(sink, MAILS);
      rounds.push({ ...figures, bare, nodemailer: nodemailer(), ratio: round(figures.roster / bare) });
      console.log(`${index + 1}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    await client.end();
    await ground.stop();
    sink.stop();
  }
}

/** @returns gives, when called, what each of `MAILS` mails has used since, in milliseconds */
function spentPerMail(seconds) {
  const before = seconds();
  return () => round(((seconds() - before) / MAILS) * 1000);
}

async function startSink() {
  const child = fork(join(import.meta.dirname, 'support/smtp-sink.mjs'));
  const [{ port }] = await once(child, 'message');
  const ask = async (question) => {
    child.send(question);
    return (await once(child, 'message'))[0];
  };
  return { url: `smtp://127.0.0.1:${port}`, port, pid: child.pid, ask, stop: () => child.disconnect() };
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

/** @returns mails a second, from the arrival of the first to that of the last */
async function throughRoster(client, sink, count) {
  await client.query('TRUNCATE mails');
  await sink.ask('begin');
  await client.query(
    `INSERT INTO mails (id, user_id, template, recipient, trace_id, data)
     SELECT gen_random_uuid(), id, 'verify-email', email, 'bench', '{"requestedAt": "now", "requestedFrom": "Firefox on Linux"}'
     FROM users WHERE pending LIMIT $1`,
    [count],
  );
  for (;;) {
    const seen = await sink.ask('count');
    if (seen.count >= count) return perSecond(seen);
    await sleep(20);
  }
}

async function throughNodemailer(sink, count) {
  const transport = createTransport({ host: '127.0.0.1', port: sink.port, pool: true, maxConnections: CONNECTIONS });
  await sink.ask('begin');
  const mail = { from: 'no-reply@localhost', to: 'somebody@example.com', subject: 'Ready', text: 'x'.repeat(1000) };
  const html = `<p>${'x'.repeat(5000)}</p>`;
  await Promise.all(Array.from({ length: count }, () => transport.sendMail({ ...mail, html })));
  const seen = await sink.ask('count');
  transport.close();
  if (seen.count !== count) throw new Error(`The sink had ${seen.count} of ${count} mails`);
  return perSecond(seen);
}

function perSecond({ count, first, last }) {
  return round((count - 1) / ((last - first) / 1000), 0);
}

function report(rounds) {
  const medians = mediansOf(rounds);
  const summary =
    `${MAILS} mails with a link, over ${CONNECTIONS} connections, durability on; medians of ${ROUNDS} rounds.\n` +
    `${medians.roster} mails a second rendered, handed over and recorded (goal ${GOAL}); for each mail ` +
    `${medians.service} ms of a processor in the service, ${medians.postgres} in PostgreSQL, ${medians.smtp} in the SMTP server; ` +
    `nodemailer's pool alone with a ready mail: ${medians.bare} a second, ${medians.nodemailer} ms.`;
  const bars = [
    { label: 'Roster', value: medians.roster },
    { label: 'nodemailer, ready mail', value: medians.bare },
  ];
  const chart = barChart('Mails', [{ title: 'Handed to SMTP', unit: 'a second', goal: GOAL, bars }]);
  const rows = [
    row(
      'P16',
      'perSecond',
      rounds.map(({ roster }) => roster),
    ),
  ];
  return { summary, given: { rounds: ROUNDS, mails: MAILS, connections: CONNECTIONS }, rows, medians, rounds, chart };
}
