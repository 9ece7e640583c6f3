// Whether an answer tells who exists (OWASP ASVS 5.0 V6.3.8): by its bytes, which have to be the same, or by its time.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { median, percentile, round } from './support/figures.mjs';
import { rankTest } from './support/rank-test.mjs';
import { startGround } from './support/servers.mjs';

const SAMPLES = Number(process.env.BENCH_SAMPLES ?? 200);
const WARM_UP = 20;
// The least that there is: a dearer hash would only hide a difference in its noise.
const COST = 4;
// Locks outlast the whole measurement.
const SETTINGS = {
  BCRYPT_COST: String(COST),
  LOG_LEVEL: 'silent',
  LOCKOUT_DURATION: '1h',
  LOCKOUT_MAX_DURATION: '1h',
};
const WRONG = 'seven idle boats on slate water';

export async function run() {
  const ground = await startGround(SETTINGS);
  try {
    const { url } = await ground.serve();
    return await compare(url, await makePeople(ground));
  } finally {
    await ground.stop();
  }
}

/** For each question, what is asked about somebody known and about nobody: the n-th of each once. */
const QUESTIONS = {
  'wrong password': {
    known: ({ email }) => login(email, WRONG),
    unknown: (index) => login(`nobody${index}@example.org`, WRONG),
  },
  'right password, locked': {
    prepare: ({ email }) => Array.from({ length: 5 }, () => login(email, WRONG)),
    known: ({ email, password }) => login(email, password),
    unknown: (index) => login(`no-one${index}@example.org`, WRONG),
  },
  register: {
    known: ({ email }) => ask('/auth/register', { email, password: WRONG }),
    unknown: (index) => ask('/auth/register', { email: `fresh${index}@example.org`, password: WRONG }),
  },
  'resend verification': {
    known: ({ email }) => ask('/auth/resend-verification', { email }),
    unknown: (index) => ask('/auth/resend-verification', { email: `nobody${index}@example.org` }),
  },
  'request reset': {
    known: ({ email }) => ask('/auth/request-password-reset', { email }),
    unknown: (index) => ask('/auth/request-password-reset', { email: `nobody${index}@example.org` }),
  },
};

const ask = (path, body) => ({ path, body });
const login = (identifier, password) => ask('/auth/login', { identifier, password });

async function compare(url, people) {
  const found = {};
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const probe = await send(url, question.unknown('-probe'));
    if (probe.status === 404) {
      console.log(`${name}: this server has no such route`);
      continue;
    }
    for (const person of people) for (const one of question.prepare?.(person) ?? []) await send(url, one);
    const answers = { known: [], unknown: [] };
    for (const [index, person] of people.entries()) {
      // In turn, and each the first in every second pair.
      const pair = [
        ['known', question.known(person)],
        ['unknown', question.unknown(index)],
      ];
      for (const [kind, one] of index % 2 ? pair.reverse() : pair) {
        const answer = await send(url, one);
        if (index >= WARM_UP) answers[kind].push(answer);
      }
    }
    found[name] = judge(answers);
    console.log(`${name}: ${JSON.stringify(found[name])}`);
  }
  return report(found);
}

function judge({ known, unknown }) {
  const times = { known: known.map(({ ms }) => ms), unknown: unknown.map(({ ms }) => ms) };
  const { first, p } = rankTest(times.known, times.unknown);
  return {
    answers: new Set([...known, ...unknown].map(({ visible }) => visible)).size,
    status: known[0].status,
    knownP50: round(median(times.known)),
    unknownP50: round(median(times.unknown)),
    knownP99: round(percentile(times.known, 0.99)),
    unknownP99: round(percentile(times.unknown, 0.99)),
    knownSlower: round(first, 3),
    p: round(p, 3),
  };
}

/** `visible` is all that an observer gets, to the byte, but for the trace id and the date. */
async function send(url, { path, body }) {
  const begin = performance.now();
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const ms = performance.now() - begin;
  const trace = response.headers.get('x-trace-id') ?? '';
  const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-trace-id');
  const visible = JSON.stringify([response.status, headers, text.replaceAll(trace, 'TRACE')]);
  return { status: response.status, visible, ms };
}

async function makePeople(ground) {
  const printed = await ground.seed(SAMPLES + WARM_UP + 50);
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query(
    `SELECT email FROM users WHERE role = 'AUTHENTICATED' AND email IS NOT NULL AND NOT pending AND suspended_at IS NULL
       AND deleted_at IS NULL LIMIT $1`,
    [SAMPLES + WARM_UP],
  );
  await client.end();
  return rows.map(({ email }) => ({ email, password }));
}

function report(found) {
  const lines = Object.entries(found).map(
    ([name, { answers, knownP50, unknownP50, knownSlower, p }]) =>
      `${name.padEnd(24)} ${answers === 1 ? 'the same bytes' : `${answers} DIFFERENT ANSWERS`}; ` +
      `p50 ${knownP50} and ${unknownP50} ms; the known one is slower in ${round(knownSlower * 100, 1)} % of pairs, p = ${p}`,
  );
  const summary = [`${SAMPLES} known and ${SAMPLES} unknown of each, bcrypt of cost ${COST}:`, ...lines].join('\n');
  const chart = barChart(
    'Who exists cannot be told by the time of an answer',
    Object.entries(found).map(([name, { knownP50, unknownP50 }]) => ({
      title: `${name}, p50`,
      unit: 'ms',
      bars: [
        { label: 'known', value: knownP50 },
        { label: 'unknown', value: unknownP50 },
      ],
    })),
  );
  return { summary, given: { samples: SAMPLES, cost: COST }, found, chart };
}
