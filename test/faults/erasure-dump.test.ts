import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Snapshots } from '../../src/users/store/snapshots.js';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { Receiver } from '../support/receiver.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { SystemPostgres } from '../support/system-postgres.js';

jest.setTimeout(120_000);

const SECRET_KEY = 'k3yZ'.repeat(12);
const CANARY = /canary|442079460958|442079460959/i;

let postgres: SystemPostgres;
let roster: Roster;
let receiver: Receiver;
beforeAll(async () => {
  // An answer that repeats what it was sent.
  receiver = await Receiver.start(({ body }, response) => void response.writeHead(500).end(body.slice(-300)));
  postgres = await SystemPostgres.start();
  const settings = { DATABASE_URL: postgres.database.url, SECRET_KEY, SMTP_URL: 'smtp://127.0.0.1:1' };
  expect(await runCommand(['migrate'], settings)).toMatchObject({ code: 0 });
  roster = await startRoster({}, [], postgres.database);
});
afterAll(async () => {
  await receiver.stop();
  await roster.stop();
  await postgres.stop();
});

const as = (token: string) => ({ authorization: `Bearer ${token}`, 'user-agent': 'CanaryBrowser/1.0' });

/** The tables of a dump that say something about the person. */
function tablesWithCanaries(dump: string): string[] {
  const tables = dump.split(/^COPY /m).slice(1);
  return tables.flatMap((copied) => {
    const [heading = '', ...rows] = copied.split('\n');
    // Partitions are named by their table.
    return rows.some((row) => CANARY.test(row)) ? [heading.split(' ', 1)[0]!.replace(/_\d{4}_\d{2}$/, '')] : [];
  });
}

/** A person who left something of themselves wherever Roster keeps anything. */
async function plant(admin: string): Promise<string> {
  Object.assign(roster.app.get(Snapshots, { strict: false }), { every: 2 });
  const email = 'canary@example.com';
  const profile = {
    firstName: 'Canary',
    lastName: 'Canary',
    nickname: 'canary',
    bio: 'canary bio',
    pictureUrl: 'https://canary.example.com/canary.png',
    phone: '+442079460958',
    githubUrl: 'https://github.com/canary',
    linkedinUrl: 'https://www.linkedin.com/in/canary',
  };
  const made = await roster.api
    .post('/users')
    .set({ ...as(admin), 'idempotency-key': 'canary-key' })
    .send({ email, username: 'canary-name', ...profile })
    .expect(201);
  const id = String(made.body.id);
  await roster.inbox.waitFor(email);
  for (const contact of [
    { kind: 'email', value: 'canary@contact.example', label: 'canary' },
    { kind: 'phone', value: '+442079460959', label: 'canary' },
  ]) {
    await roster.api.post(`/users/${id}/contacts`).set(as(admin)).send(contact).expect(201);
  }
  await roster.inbox.waitFor('canary@contact.example');
  await roster.api.put(`/users/${id}/username`).set(as(admin)).send({ newUsername: 'canary-other' }).expect(200);
  await roster.api.patch(`/users/${id}`).set(as(admin)).send({ bio: 'another canary' }).expect(200);
  const [invitation] = roster.inbox.to(email);
  const token = /token=([\w.-]+)/.exec(invitation!.text)![1];
  await roster.api.post('/auth/accept-invitation').send({ token, newPassword: PASSWORD }).expect(200);
  await roster.api.post('/auth/login').set(as('')).send({ identifier: email, password: PASSWORD }).expect(200);
  await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: 'canary sang' }).expect(200);
  await roster.api
    .post('/auth/register')
    .set({ 'user-agent': 'CanaryBrowser/1.0' })
    .send({ email, password: PASSWORD, username: 'canary-claim' })
    .expect(202);
  // A job that has not run yet.
  await roster.database.query(
    `SELECT graphile_worker.add_job('auth.resend-verification', $1::json, run_at := now() + interval '1 day')`,
    [{ address: email, context: { userAgent: 'canary' } }],
  );
  return id;
}

it('An erased person is nowhere in a pg_dump, and the log still verifies', async () => {
  const admin = await roster.signIn();
  // What admins do, and from where, is kept as theirs.
  const byAdmin = { authorization: `Bearer ${admin}` };
  await roster.api.post('/webhooks').set(byAdmin).send({ url: receiver.url }).expect(201);
  const id = await plant(admin);
  const kept = () => roster.database.query("SELECT FROM webhook_attempts WHERE answer LIKE '%anary%'");
  await eventually(async () => (await kept()).length > 0);
  expect(tablesWithCanaries(await postgres.dump())).toEqual([
    'graphile_worker._private_jobs',
    'public.auth_events',
    'public.idempotent_requests',
    'public.mails',
    'public.one_time_tokens',
    'public.sessions',
    'public.users',
    'public.webhook_attempts',
  ]);
  // What is sealed shows no canary; it is there all the same.
  const sealed = await roster.database.query<{ place: string; rows: string }>(
    `SELECT 'snapshots' AS place, count(*) AS rows FROM user_snapshots WHERE user_id = $1
     UNION ALL SELECT 'keys', count(*) FROM user_keys WHERE user_id = $1
     UNION ALL SELECT 'events', count(*) FROM user_events WHERE user_id = $1 AND personal IS NOT NULL`,
    [id],
  );
  expect(sealed.filter(({ rows }) => Number(rows) === 0)).toEqual([]);

  await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
  const after = await postgres.dump();
  expect(after).toContain(id);
  expect(after.split('\n').filter((line) => CANARY.test(line))).toEqual([]);

  const verification = await runCommand(['verify'], { DATABASE_URL: postgres.database.url, SECRET_KEY });
  expect(verification).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+ users/) });
});
