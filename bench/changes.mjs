// Goal P13: changes of a user's profile, each with its event, its proof and its commit, over the UPDATE alone of the same indexed table.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { QUICK, ROUNDS } from './support/counts.mjs';
import { mediansOf, percentile, round } from './support/figures.mjs';
import { groundOfSize } from './support/ground-of-size.mjs';
import { call } from './support/load.mjs';
import { processorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';

const USERS = QUICK ? 1000 : 10_000;
const AT_ONCE = 16;
/** As many connections as a server has by default. */
const CONNECTIONS = 10;
const SECONDS = QUICK ? 2 : 4;

export async function run() {
  const ground = await groundOfSize(USERS);
  const pool = new pg.Pool({ connectionString: ground.databaseUrl, max: CONNECTIONS });
  try {
    const { rows } = await pool.query(
      "SELECT id FROM users WHERE role = 'AUTHENTICATED' AND deleted_at IS NULL AND NOT pending",
    );
    const ids = rows.map(({ id }) => id);
    const rounds = [];
    for (let index = 0; index <= ROUNDS; index++) {
      const used = processorSeconds(ground.server.pid);
      const roster = await hammer(ids, index === 0 ? 2 : SECONDS, (id, name) => throughRoster(ground, id, name));
      const serviceSeconds = processorSeconds(ground.server.pid) - used;
      const bare = await hammer(ids, index === 0 ? 2 : SECONDS, (id, name) => bareUpdate(pool, id, name));
      // The first one warms up.
      if (index === 0) continue;
      rounds.push({
        roster: roster.perSecond,
        bare: bare.perSecond,
        ratio: round(roster.perSecond / bare.perSecond, 3),
        rosterP99: roster.p99,
        bareP99: bare.p99,
        serviceMicros: round((serviceSeconds * 1e6) / roster.count, 0),
      });
      console.log(`${index}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    await pool.end();
    await ground.stop();
  }
}

let names = 0;

/** Several at once, each on another user and with another name, until the time is over. */
async function hammer(ids, seconds, change) {
  const times = [];
  const begin = performance.now();
  const to = begin + seconds * 1000;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < to) {
        const sent = performance.now();
        names++;
        await change(ids[names % ids.length], `Name${names.toString(36)}`);
        times.push(performance.now() - sent);
      }
    }),
  );
  const elapsed = (performance.now() - begin) / 1000;
  return { count: times.length, perSecond: round(times.length / elapsed, 0), p99: round(percentile(times, 0.99)) };
}

async function throughRoster({ server, authorization }, id, firstName) {
  const headers = { authorization, 'content-type': 'application/json' };
  const body = JSON.stringify({ firstName });
  const { status, text } = await call(`${server.url}/users/${id}`, { method: 'PATCH', headers, body });
  if (status !== 200) throw new Error(`A change failed: ${status} ${text}`);
}

/** What the change does to the row of the user, and nothing else: one statement, one commit. */
function bareUpdate(pool, id, firstName) {
  return pool.query({
    name: 'change',
    text: `UPDATE users SET first_name = $2, updated_at = now(),
             search = ' ' || email_key || E'\\n ' || lower($2) || ' ' || lower(coalesce(last_name, '')) WHERE id = $1`,
    values: [id, firstName],
  });
}

function report(rounds) {
  const medians = mediansOf(rounds);
  const rows = [
    row(
      'P13',
      'ratio',
      rounds.map(({ ratio }) => ratio),
    ),
  ];
  const summary =
    `PATCH /users/{id}, ${AT_ONCE} at once among ${USERS} users, durability on; medians of ${ROUNDS} rounds of ${SECONDS} s.\n` +
    `${medians.roster} changes a second with their events, ${medians.ratio} of ${medians.bare} bare UPDATEs; ` +
    `p99 ${medians.rosterP99} and ${medians.bareP99} ms; ${medians.serviceMicros} µs of the service’s processor for each.`;
  const chart = barChart('Changes of a user', [
    {
      title: 'Committed',
      unit: 'a second',
      goal: round(0.6 * medians.bare, 0),
      bars: [
        { label: 'PATCH /users/{id}', value: medians.roster },
        { label: 'bare UPDATE', value: medians.bare },
      ],
    },
  ]);
  const given = { rounds: ROUNDS, seconds: SECONDS, users: USERS, atOnce: AT_ONCE, connections: CONNECTIONS };
  return { summary, given, rows, medians, rounds, chart };
}
