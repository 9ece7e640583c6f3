import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { ImportJob } from '../../src/auth/user-import/import-job.js';
import { runCommand } from '../support/cli.js';
import { hashBy, importInto, OLD_PASSWORD, storedHashOf } from '../support/imports.js';
import { eventually } from '../support/eventually.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const NDJSON = 'application/x-ndjson';

interface Import {
  readonly id: string;
  readonly state: string;
  readonly created: number;
  readonly present: number;
  readonly refused: number;
  readonly reason: string | null;
  readonly finishedAt: string | null;
}

const send = (content: string, type = NDJSON, query: object = {}, token = admin) =>
  roster.api.post('/users/import').query(query).set(as(token)).set('content-type', type).send(content);
async function ended(id: string): Promise<Import> {
  let found: Import | undefined;
  await eventually(async () => {
    const { body } = await roster.api.get(`/user-imports/${id}`).set(as(admin)).expect(200);
    found = body as Import;
    return found.finishedAt !== null;
  });
  return found!;
}
async function imported(content: string, type?: string, query?: object): Promise<Import> {
  const { body, headers } = await send(content, type, query).expect(202);
  const { id } = body as Import;
  expect(headers['location']).toBe(`/user-imports/${id}`);
  return ended(id);
}
/** As text, whatever its type. */
const textOf = async (path: string, accept = NDJSON): Promise<{ type: string | null; text: string }> => {
  const answer = await fetch(`${roster.url}${path}`, { headers: { ...as(admin), accept } });
  expect(answer.status).toBe(200);
  return { type: answer.headers.get('content-type'), text: await answer.text() };
};
const reportOf = async (id: string): Promise<object[]> => {
  const { text } = await textOf(`/user-imports/${id}/report`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as object);
};

describe('POST /users/import', () => {
  it('imports in the background, says how far it is, and reports by line', async () => {
    const lines = [
      { externalId: '1', email: 'api-1@example.com', passwordHash: hashBy('bcrypt 2b') },
      { externalId: '2', email: 'nobody' },
      { externalId: '3', email: 'api-3@example.com', shoeSize: 38 },
    ];
    const done = await imported(lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(done).toMatchObject({ state: 'finished', created: 2, present: 0, refused: 1, reason: null });
    expect(await reportOf(done.id)).toEqual([
      expect.objectContaining({ code: 'unknown-name', message: expect.stringContaining('shoeSize') }),
      { line: 2, externalId: '2', code: 'invalid-email', message: expect.stringContaining('email') },
    ]);
    await roster.signIn('api-1@example.com', OLD_PASSWORD);
    const rows = await roster.database.query<{ actor: object }>(
      "SELECT actor FROM user_events WHERE type = 'user.created' AND data ->> 'how' = 'import'",
    );
    expect(rows[0]?.actor).toMatchObject({ kind: 'user', role: 'ADMIN' });
    expect(await roster.database.query('SELECT FROM user_import_parts')).toEqual([]);
  });

  it('is not begun again where another server has finished it meanwhile', async () => {
    const connect: () => Promise<pg.Client> = pg.Client.prototype.connect;
    const [isConnecting, goOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    // The job connects before it takes the lock of imports.
    const connecting: jest.Spied<typeof connect> = jest.spyOn(pg.Client.prototype, 'connect');
    connecting.mockImplementation(async function (this: pg.Client) {
      connecting.mockRestore();
      isConnecting.resolve(undefined);
      await goOn.promise;
      return connect.call(this);
    });
    const lines = '{"email":"api-11@example.com"}\n{"email":"nobody"}\n';
    const { body } = await send(lines).expect(202);
    const { id } = body as Import;
    await isConnecting.promise;
    await roster.app.get(ImportJob, { strict: false })['run'](id);
    const done = { state: 'finished', created: 1, refused: 1 };
    expect(await ended(id)).toMatchObject(done);
    goOn.resolve(undefined);
    await eventually(
      async () => (await roster.database.query('SELECT FROM graphile_worker._private_jobs')).length === 0,
    );
    expect(await ended(id)).toMatchObject(done);
    expect(await reportOf(id)).toEqual([expect.objectContaining({ line: 2, code: 'invalid-email' })]);
  });

  it('takes CSV, imports nobody twice, and writes nothing in a dry run', async () => {
    const csv = 'externalId,email\n1,api-1@example.com\n4,api-4@example.com\n';
    expect(await imported(csv, 'text/csv', { dryRun: true })).toMatchObject({ created: 1, present: 1 });
    expect(await imported(csv, 'text/csv')).toMatchObject({ created: 1, present: 1 });
    expect(await imported(csv, 'text/csv')).toMatchObject({ created: 0, present: 2 });
  });

  it('says so where the file is no such file', async () => {
    expect(await imported('nothing,of,ours\n1,2,3\n', 'text/csv')).toMatchObject({
      state: 'stopped',
      reason: expect.stringContaining('names no column'),
    });
  });

  it('mails who has no password a link, if it is told to', async () => {
    await imported(JSON.stringify({ email: 'api-5@example.com', emailVerified: false }), NDJSON, { invite: true });
    expect((await roster.inbox.waitFor('api-5@example.com')).text).toContain('accept-invitation');
  });

  it('is for an ADMIN, and for files', async () => {
    const { token } = await roster.join('no-admin@example.com');
    await send('{}', NDJSON, {}, token).expect(403);
    await roster.api.post('/users/import').set(as(admin)).send({ email: 'a@example.com' }).expect(415);
    await roster.api.post('/users').set(as(admin)).set('content-type', NDJSON).send('{}').expect(415);
    await roster.api.get('/user-imports/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071').set(as(admin)).expect(404);
  });

  it('keeps nothing of a file that breaks off', async () => {
    const sending = request(`${roster.url}/users/import`, {
      method: 'POST',
      headers: { ...as(admin), 'content-type': NDJSON },
    });
    sending.on('error', () => undefined);
    sending.write('{"email":"api-6@example.com"}\n');
    const receiving = async () =>
      (await roster.database.query("SELECT FROM user_imports WHERE state = 'receiving'")).length;
    await eventually(async () => (await receiving()) === 1);
    sending.destroy();
    await eventually(async () => (await receiving()) === 0);
    expect(await roster.database.query("SELECT FROM users WHERE email = 'api-6@example.com'")).toEqual([]);
  });

  it('waits with at most five others', async () => {
    await roster.database.query(
      `INSERT INTO user_imports (id, maker_id, session_id, trace_id, format, dry_run, invite, state)
       SELECT gen_random_uuid(), maker_id, session_id, trace_id, format, dry_run, invite, 'queued'
       FROM (SELECT * FROM user_imports LIMIT 1) AS one, generate_series(1, 5)`,
    );
    await send('{}').expect(409, /too-many-imports/);
    await roster.database.query("DELETE FROM user_imports WHERE state = 'queued'");
    await imported('{}');
  });

  it.each([`$2b$31$${'a'.repeat(53)}`, `$argon2id$v=19$m=1048576,t=2,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`])(
    'refuses a hash of ours that is costlier than ours are: %s',
    async (hash) => {
      const [, pepper] = (await storedHashOf(roster, ADMIN.email))?.split(':') ?? [];
      const scheme = hash.startsWith('$2b$') ? 'bcrypt' : 'argon2id';
      const passwordHash = `${scheme}-hmac-sha384:${pepper}:${hash}`;
      const { id } = await imported(JSON.stringify({ email: 'api-9@example.com', passwordHash }));
      expect(await reportOf(id)).toEqual([expect.objectContaining({ code: 'hash-malformed' })]);
    },
  );

  it('stops when the session of who asked has ended', async () => {
    const { body } = await send(JSON.stringify({ email: 'api-7@example.com' })).expect(202);
    await ended((body as Import).id);
    const { id } = body as Import;
    await roster.database.query(
      `UPDATE user_imports SET (state, finished_at, session_id) = ('queued', NULL, gen_random_uuid()) WHERE id = $1`,
      [id],
    );
    await roster.database.query(`SELECT graphile_worker.add_job('users.import', json_build_object('id', $1::text))`, [
      id,
    ]);
    expect(await ended(id)).toMatchObject({ state: 'stopped', reason: expect.stringContaining('signed out') });
  });
});

describe('GET /users/export', () => {
  it.each([
    ['text/csv', 'text/csv'],
    [NDJSON, NDJSON],
    ['*/*', NDJSON],
  ])('streams everybody as %s says, in a form that can be imported', async (accept, type) => {
    const answer = await textOf('/users/export', accept);
    expect(answer.type).toContain(type);
    const { text } = answer;
    for (const email of ['admin@example.com', 'api-1@example.com']) expect(text).toContain(email);
    expect(text).not.toContain('bcrypt');
  });

  it('is imported as nobody new where everybody is there', async () => {
    const { text } = await textOf('/users/export', 'text/csv');
    const done = await imported(text, 'text/csv', { dryRun: true });
    expect(done).toMatchObject({ created: 0 });
    const codes = new Set((await reportOf(done.id)).map((line) => (line as { code: string }).code));
    expect(codes).toEqual(new Set(['email-taken']));
  });
});

describe('roster export --with-hashes', () => {
  it('is imported elsewhere with the passwords that came from elsewhere, and refuses those of other keys', async () => {
    await imported(JSON.stringify({ email: 'api-8@example.com', passwordHash: hashBy('bcrypt 2a') }));
    const folder = mkdtempSync(join(tmpdir(), 'roster-export-'));
    const settings = { DATABASE_URL: roster.database.url, SECRET_KEY: 'k3yZ'.repeat(12) };
    const out = join(folder, 'users.csv');
    const options = ['--format', 'csv', '--out', out, '--with-hashes'];
    expect(await runCommand(['export', ...options], settings)).toMatchObject({ code: 0, stdout: '' });
    const other = await startRoster({ PASSWORD_HASH: 'argon2id' });
    try {
      const { report } = await importInto(other, folder, 'csv', readFileSync(out, 'utf8'));
      expect(new Set(report.map(({ code }) => code))).toEqual(new Set(['hash-of-another-installation']));
      await other.signIn('api-8@example.com', OLD_PASSWORD);
      // Its own, made by Argon2id, under another name.
      const own = join(folder, 'own.csv');
      const ofOther = { ...settings, DATABASE_URL: other.database.url };
      await runCommand(['export', '--format', 'csv', '--out', own, '--with-hashes'], ofOther);
      const line =
        readFileSync(own, 'utf8')
          .split('\r\n')
          .find((one) => one.includes(ADMIN.email)) ?? '';
      const passwordHash = /argon2id-hmac-sha384:[^"]+/.exec(line)?.[0];
      const renamed = JSON.stringify({ email: 'api-10@example.com', passwordHash });
      expect(await importInto(other, folder, 'ndjson', renamed)).toMatchObject({ code: 0, report: [] });
      await other.signIn('api-10@example.com', ADMIN.password);
    } finally {
      await other.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
