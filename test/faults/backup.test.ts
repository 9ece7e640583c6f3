import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import pg from 'pg';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { runCommand } from '../support/cli.js';
import { tokenIn } from '../support/inbox.js';
import { eventually } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { SystemPostgres } from '../support/system-postgres.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const DOCUMENT = readFileSync(join(PACKAGE_ROOT, 'docs/backup.md'), 'utf8');
/** The commands of the page, in its order. */
const [DUMP, RESTORE, AFTER] = [...DOCUMENT.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text = '']) => text);

let postgres: SystemPostgres;
let roster: Roster;
let folder: string;
let restored: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-backup-'));
  postgres = await SystemPostgres.start();
  const settings = { DATABASE_URL: postgres.database.url, SECRET_KEY, SMTP_URL: 'smtp://127.0.0.1:1' };
  expect(await runCommand(['migrate'], settings)).toMatchObject({ code: 0 });
  roster = await startRoster({ SECRET_KEY }, [], postgres.database);
  restored = Object.assign(new URL(postgres.database.url), { pathname: '/restored' }).href;
});
afterAll(async () => {
  await roster.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

/** As somebody who pastes it. */
async function paste(script: string | undefined): Promise<string> {
  const env = {
    PATH: [postgres.bin, join(PACKAGE_ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    HOME: folder,
    SECRET_KEY,
    SMTP_URL: 'smtp://127.0.0.1:1',
    OWNER_URL: postgres.database.url,
    RESTORED_OWNER_URL: restored,
  };
  const inFolder = script!.replaceAll('roster.dump', join(folder, 'roster.dump'));
  return (await promisify(execFile)('bash', ['-euc', inFolder], { cwd: PACKAGE_ROOT, env })).stdout;
}

async function keyIds(): Promise<string[]> {
  const { body } = await roster.api.get('/.well-known/jwks.json').expect(200);
  return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** The position up to which revocations have been given one. */
async function lastRevocation(): Promise<number> {
  const [row] = await roster.database.query<{ at: string }>('SELECT last_value AS at FROM revocation_positions');
  return Number(row?.at);
}

async function restoreUnder(users: number): Promise<{ ledger: Ledger; found: string[] }> {
  const ledger = new Ledger();
  for (let number = 0; number < users; number++) {
    const email = `person-${number}@example.com`;
    await ledger.change(email, () => roster.api.post('/auth/register').send({ email, password: PASSWORD }));
  }
  const queued = () => roster.database.query("SELECT FROM mails WHERE state = 'queued'");
  await eventually('every mail sent', async () => (await queued()).length === 0, 60_000);
  const ada = await roster.join('ada@example.com');
  const session = (await roster.api.post('/auth/login').send({ identifier: 'ada@example.com', password: PASSWORD }))
    .body;
  await roster.api.post('/auth/request-password-reset').send({ email: 'ada@example.com' }).expect(202);
  const link = tokenIn(await roster.inbox.about('ada@example.com', /password/i));
  await roster.database.query(
    `INSERT INTO mails (id, user_id, template, recipient, trace_id, due_at)
     VALUES (gen_random_uuid(), $1, 'password-changed', 'ada@example.com', 'a trace', now() + interval '1 day')`,
    [ada.id],
  );
  // Makes the keys that sign for applications.
  await roster.api.get('/oauth2/authorize?client_id=nobody');
  const keys = await keyIds();
  expect(keys).toHaveLength(3);
  const position = await lastRevocation();
  await paste(DUMP);

  // What the backup does not know of.
  await roster.api.post('/auth/logout').set('authorization', `Bearer ${session.accessToken}`).expect(204);
  const newPassword = 'seven idle boats on slate water';
  await roster.api.post('/auth/reset-password').send({ token: link, newPassword }).expect(204);
  await roster.stop();

  const client = new pg.Client(postgres.database.url);
  await client.connect();
  await client.query('CREATE DATABASE restored');
  await client.end();
  await paste(RESTORE);
  const report = await paste(AFTER);
  expect(report).toMatch(/Ended: [1-9]\d* sessions, [1-9]\d* links, 0 remembered devices\. Given up: 1 queued mails\./);
  expect(report).toContain(`, ${users + 1} links, `);
  expect(report).toMatch(/The feed ends at position [1-9]\d*\./);
  expect(report).toMatch(/every chain is intact, and every row matches the log/);

  const pool = new pg.Pool({ connectionString: restored, max: 2 });
  roster = await startRoster({ SECRET_KEY }, [], {
    url: restored,
    query: async <Row extends object>(sql: string, values?: unknown[]) => (await pool.query<Row>(sql, values)).rows,
    drop: () => pool.end(),
  });
  // Of tokens that were given out since the backup, nothing but their keys is known.
  expect((await keyIds()).filter((id) => keys.includes(id))).toEqual([]);
  expect(await keyIds()).toHaveLength(3);
  // No reader of the revocations gets a position that it has had.
  expect(await lastRevocation()).toBeGreaterThan(position + 999_999_999);
  await roster.api.get('/users/me').set('authorization', `Bearer ${session.accessToken}`).expect(401);
  await roster.api.post('/auth/refresh').send({ refreshToken: session.refreshToken }).expect(401);
  const used = await roster.api.post('/auth/reset-password').send({ token: link, newPassword }).expect(410);
  expect(used.body).toMatchObject({ code: 'token-expired-or-used' });
  await roster.signIn('ada@example.com', PASSWORD);
  expect(roster.inbox.to('ada@example.com')).toEqual([]);
  const after = 'person-after@example.com';
  await ledger.change(after, () => roster.api.post('/auth/register').send({ email: after, password: PASSWORD }));
  const rows = await roster.database.query<{ email: string }>("SELECT email FROM users WHERE email LIKE 'person-%'");
  return { ledger, found: rows.map(({ email }) => email) };
}

fault(
  'backup-restored',
  'After a restore, what had ended since the backup is dead, and people sign in',
  { 'people in the backup': 200 },
  async ({ 'people in the backup': users }) => ({
    ...(await restoreUnder(users)),
    remark:
      'Counted are registrations before the backup, and one after its restore. A link that was used and a session that was ended ' +
      'after the backup are dead in it, every chain is intact, and no mail goes out a second time.',
  }),
);
