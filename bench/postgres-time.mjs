// Goal P17: processor time that PostgreSQL needs for 1,000 sign-ins and for 1,000 registrations, of all its processes: with the events,
// their positions, the mails and the log of both.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { count, QUICK, ROUNDS } from './support/counts.mjs';
import { median, round } from './support/figures.mjs';
import { postJson } from './support/load.mjs';
import { familyProcessorSeconds, parentOf } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';

const EACH = count('BENCH_SAMPLES', 1000, 300);
const PEOPLE = QUICK ? 100 : 500;
const AT_ONCE = 8;
const PASSWORD = 'seven idle boats on slate water';
const GOALS = { signIns: 2.5, registrations: 5 };

export async function run() {
  const sink = fork(join(import.meta.dirname, 'support/smtp-sink.mjs'));
  const [{ port }] = await once(sink, 'message');
  // Hashes are not what is measured, and production refuses cheap ones.
  const cheap = { NODE_ENV: 'development', BCRYPT_COST: '4', HASH_NICE: '0', LOG_LEVEL: 'warn' };
  const ground = await startGround({ ...PRODUCTION, ...cheap, SMTP_URL: `smtp://127.0.0.1:${port}` });
  const client = new pg.Client(ground.databaseUrl);
  try {
    const server = await ground.serve();
    await client.connect();
    const postmaster = parentOf((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
    const people = await makePeople(ground, client);
    // So that what is done once is done.
    await signIn(server, people, 200);
    await register(server, client, 'warm', 100);
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      const before = familyProcessorSeconds(postmaster);
      await signIn(server, people, EACH);
      const between = familyProcessorSeconds(postmaster);
      await register(server, client, index, EACH);
      const after = familyProcessorSeconds(postmaster);
      rounds.push({ signIns: per1000(between - before), registrations: per1000(after - between) });
      console.log(`${index + 1}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    await client.end();
    await ground.stop();
    sink.kill();
  }
}

const per1000 = (seconds) => round((seconds / EACH) * 1000);

/** Who sign in, by the password of the seed. */
async function makePeople(ground, client) {
  const printed = await ground.seed(PEOPLE + 20);
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const { rows } = await client.query("SELECT email FROM users WHERE role = 'AUTHENTICATED' LIMIT $1", [PEOPLE]);
  return rows.map(({ email }) => ({ email, password }));
}

async function signIn({ url }, people, times) {
  await inParallel(times, async (index) => {
    const { status, text } = await postJson(`${url}/auth/login`, people[index % people.length]);
    if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  });
}

/** Until their mails are sent as well. */
async function register({ url }, client, round, times) {
  await inParallel(times, async (index) => {
    const { status, text } = await postJson(`${url}/auth/register`, {
      email: `person-${round}-${index}@example.com`,
      password: PASSWORD,
      firstName: 'Ada',
      lastName: `Byron ${index}`,
    });
    if (status !== 202) throw new Error(`Nobody can register: ${status} ${text}`);
  });
  const waiting = "SELECT count(*)::int AS count FROM mails WHERE state = 'queued'";
  for (let patience = 300; (await client.query(waiting)).rows[0].count > 0; patience--) {
    if (patience === 0) throw new Error('The mails are not sent');
    await sleep(100);
  }
}

async function inParallel(times, work) {
  let begun = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < times) await work(begun++);
    }),
  );
}

function report(rounds) {
  const of = (figure) => rounds.map((seen) => seen[figure]);
  const signIns = median(of('signIns'));
  const registrations = median(of('registrations'));
  const summary =
    `PostgreSQL needs ${signIns} s of processor time for 1,000 sign-ins (goal ${GOALS.signIns}; ${of('signIns').join(', ')}), ` +
    `${registrations} s for 1,000 registrations with their mails (goal ${GOALS.registrations}; ${of('registrations').join(', ')}).`;
  const chart = barChart('Processor time of PostgreSQL', [
    { title: '1,000 sign-ins', unit: 's', goal: GOALS.signIns, bars: [{ label: 'Roster', value: signIns }] },
    {
      title: '1,000 registrations',
      unit: 's',
      goal: GOALS.registrations,
      bars: [{ label: 'Roster', value: registrations }],
    },
  ]);
  return {
    summary,
    rows: [row('P17', 'signIns', of('signIns')), row('P17', 'registrations', of('registrations'))],
    given: { rounds: ROUNDS, each: EACH, people: PEOPLE, atOnce: AT_ONCE },
    rounds,
    chart,
  };
}
