import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { costOf, queriesOf } from '../support/query-cost.js';
import { type Roster, startRoster } from '../support/roster.js';
import { insertUserRows } from '../support/user-rows.js';

const MANY = 6000;
/** Of each query, whatever it is about: some pages of the person and the indexes that lead there. */
const MOST_ROWS = 300;
const MOST_BUFFERS = 300;

let roster: Roster;
let admin: { authorization: string };
let person: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = { authorization: `Bearer ${await roster.signIn()}` };
  const given = Array.from({ length: MANY }, (_, index) => ({ email: `p${index}@example.com`, createdAt: new Date() }));
  const ids = await insertUserRows(roster.database, given);
  person = ids[MANY / 2]!;
  const { query } = roster.database;
  const run = query.bind(roster.database);
  await run(`UPDATE users SET phone = '+4420' || lpad((random() * 1e8)::int::text, 8, '0'),
    contacts = jsonb_build_array(jsonb_build_object('kind', 'email', 'value', 'c' || id || '@example.com')) WHERE email <> 'admin@example.com'`);
  await run(`INSERT INTO mails (id, user_id, template, recipient, trace_id, state, created_at)
    SELECT gen_random_uuid(), id, CASE WHEN random() < 0.01 THEN 'invitation' ELSE 'verify-email' END, email, md5(id::text || n),
      CASE WHEN random() < 0.02 THEN 'failed' ELSE 'sent' END, now() FROM users, generate_series(1, 3) AS n`);
  await run(`INSERT INTO auth_events (id, type, user_id, method, reason, ip, trace_id, occurred_at, last_at)
    SELECT gen_random_uuid(), 'login.failed', id, 'password', 'wrong-proof', '203.0.113.9', md5(id::text || n), now(), now()
    FROM users, generate_series(1, 3) AS n`);
  await run('ANALYZE users; ANALYZE mails; ANALYZE auth_events;');
});
afterAll(() => roster.stop());

async function costs(path: string): Promise<{ sql: string; rows: number; buffers: number }[]> {
  const queries = await queriesOf(roster.app, async () => roster.api.get(path).set(admin).expect(200));
  const read = queries.filter(({ sql }) => /^\s*(?:WITH|SELECT)/i.test(sql));
  return Promise.all(
    read.map(async (query) => {
      const { rows, buffers } = await costOf(roster.database, query);
      return { sql: query.sql.replace(/\s+/g, ' ').slice(0, 200), rows, buffers };
    }),
  );
}

it.each([
  ['an address', () => `about=p${MANY / 2}@example.com`],
  ['an address that nobody has', () => 'about=nobody@example.com'],
  ['a further address', () => `about=c${person}@example.com`],
  ['an id', () => `about=${person}`],
  ['a username', () => 'about=nobody'],
  ['a phone number', () => 'about=%2B442000000001'],
  ['a trace id', () => 'about=4bf92f3577b34da6a3ce929d0e0e4736'],
  ['a message id', () => 'about=019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071@localhost'],
])('help about %s costs little among very many people', async (_name, query) => {
  const found = await costs(`/help?${query()}`);
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found.filter(({ rows, buffers }) => rows > MOST_ROWS || buffers > MOST_BUFFERS)).toEqual([]);
});

it.each([
  '',
  'state=failed',
  'state=sent',
  'template=invitation',
  'to=p7@example.com',
  'state=failed&template=invitation',
])('a page of the mails of all users costs little among very many (%s)', async (query) => {
  const found = await costs(`/mails?${query}`);
  expect(found.filter(({ rows, buffers }) => rows > 600 || buffers > 900)).toEqual([]);
});
