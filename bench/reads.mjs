// Goals P4 and P5: what the reads cost that there are most of, over bare Fastify that answers the same.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { QUICK, ROUNDS } from './support/counts.mjs';
import { median, mediansOf, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { processorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';

const SUPPORT = join(import.meta.dirname, 'support');
const SECONDS = QUICK ? 1 : 2;
const WARM_UP_SECONDS = QUICK ? 1 : 3;
const CONNECTIONS = 16;
const USERS = 100;
const GOALS = { me: 0.35, cookie: 0.35, one: 0.85 };
/** What every answer has anyhow, and what is another each time. */
const NOT_COPIED = ['connection', 'keep-alive', 'date', 'content-length', 'x-trace-id'];

export async function run() {
  const ground = await startGround(PRODUCTION);
  const children = [];
  const start = (file) => {
    const child = fork(join(SUPPORT, file), { env: { ...process.env, NODE_ENV: 'production' } });
    children.push(child);
    return child;
  };
  try {
    const readers = start('readers.mjs');
    const server = await ground.serve();
    const authorization = `Bearer ${(await signIn(server.url)).body.accessToken}`;
    const cookie = cookieOf(await signIn(server.url, { session: 'cookie' }));
    const paths = { me: ['/users/me'], cookie: ['/users/me'], one: await pathsOf(ground) };
    const { headers, text } = await call(`${server.url}/users/me`, { headers: { authorization } });
    const bare = start('bare-fastify.mjs');
    const same = Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_COPIED.includes(name)));
    bare.send({ databaseUrl: ground.databaseUrl, headers: same, body: JSON.parse(text) });
    const [{ port }] = await once(bare, 'message');
    const ends = {
      roster: {
        port: server.port,
        pid: server.pid,
        headers: (what) => (what === 'cookie' ? { cookie } : { authorization }),
      },
      bare: { port, pid: bare.pid, headers: () => undefined },
    };
    return report(await compare(readers, ends, paths));
  } finally {
    for (const child of children) child.disconnect();
    await ground.stop();
  }
}

async function signIn(url, choice = {}) {
  const person = { identifier: 'admin@localhost', password: 'measured nine times over', ...choice };
  const { status, text, headers } = await postJson(`${url}/auth/login`, person);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  return { body: JSON.parse(text), headers };
}

/** The cookie of a browser session. */
function cookieOf({ headers }) {
  const cookies = [headers['set-cookie']].flat().map((cookie) => cookie.split(';', 1)[0]);
  return cookies.find((cookie) => /^(__Host-)?roster-session=/.test(cookie));
}

/** Of people whom the admin looks at, one after the other. */
async function pathsOf(ground) {
  await ground.seed(USERS);
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query("SELECT id FROM users WHERE role = 'AUTHENTICATED' AND deleted_at IS NULL");
  await client.end();
  return rows.map(({ id }) => `/users/${id}`);
}

async function compare(readers, ends, paths) {
  const cases = Object.keys(paths).flatMap((what) => Object.keys(ends).map((who) => ({ what, who })));
  for (const { what, who } of cases) await measure(readers, ends[who], what, paths[what], WARM_UP_SECONDS);
  const rounds = Object.fromEntries(Object.keys(paths).map((what) => [what, { roster: [], bare: [] }]));
  for (let index = 1; index <= ROUNDS; index++) {
    for (const { what, who } of cases) {
      const figures = await measure(readers, ends[who], what, paths[what], SECONDS);
      rounds[what][who].push(figures);
      console.log(`${index}/${ROUNDS} ${what.padEnd(6)} ${who.padEnd(6)} ${JSON.stringify(figures)}`);
    }
  }
  return rounds;
}

async function measure(readers, { port, pid, headers }, what, paths, seconds) {
  const used = processorSeconds(pid);
  readers.send({ port, paths, headers: headers(what), connections: CONNECTIONS, seconds });
  const [{ count, ...figures }] = await once(readers, 'message');
  return { ...figures, processorMicros: round(((processorSeconds(pid) - used) / count) * 1e6, 0) };
}

function report(rounds) {
  const medians = {};
  const ratios = {};
  for (const [what, { roster, bare }] of Object.entries(rounds)) {
    medians[what] = { roster: mediansOf(roster), bare: mediansOf(bare) };
    const ratio = (of) => round(median(roster.map((figures, at) => of(figures, bare[at]))));
    ratios[what] = {
      perSecond: ratio((ours, theirs) => ours.perSecond / theirs.perSecond),
      processor: ratio((ours, theirs) => theirs.processorMicros / ours.processorMicros),
    };
  }
  const line = (what, name) => {
    const { roster, bare } = medians[what];
    const { perSecond, processor } = ratios[what];
    return (
      `${name}: ${perSecond} of the reads a second of bare Fastify (goal ${GOALS[what]}; ${roster.perSecond} and ${bare.perSecond}), ` +
      `${processor} by processor time (${roster.processorMicros} and ${bare.processorMicros} µs each); ` +
      `p99 ${roster.p99} and ${bare.p99} ms.`
    );
  };
  const cookieOverBearer = round(
    median(
      rounds.cookie.roster.map(({ processorMicros }, at) => processorMicros / rounds.me.roster[at].processorMicros),
    ),
  );
  const summary =
    `${CONNECTIONS} connections that read without end; medians of ${ROUNDS} rounds of ${SECONDS} s.\n` +
    `${line('me', 'GET /users/me')}\n${line('cookie', 'GET /users/me by cookie')}\n` +
    `By cookie it takes ${cookieOverBearer} of the processor time by bearer token (goal: at most 1).\n${line('one', 'GET /users/{id}')}`;
  const groups = [
    ['me', 'GET /users/me'],
    ['cookie', 'GET /users/me by cookie'],
    ['one', 'GET /users/{id}'],
  ].map(([what, name]) => ({
    title: `${name}, processor time of the server`,
    unit: 'µs',
    goal: round(medians[what].bare.processorMicros / GOALS[what], 0),
    bars: [
      { label: 'Roster', value: medians[what].roster.processorMicros },
      { label: 'bare Fastify', value: medians[what].bare.processorMicros },
    ],
  }));
  const over = (what) => rounds[what].roster.map(({ perSecond }, at) => perSecond / rounds[what].bare[at].perSecond);
  const rows = [row('P4', 'fastify', over('me')), row('P5', 'ratio', over('one'))];
  const given = { rounds: ROUNDS, seconds: SECONDS, connections: CONNECTIONS, users: USERS };
  return {
    summary,
    given,
    rows,
    ratios,
    cookieOverBearer,
    medians,
    rounds,
    chart: barChart('Reads of one user', groups),
  };
}
