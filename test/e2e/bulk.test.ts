import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { OnUserEvent } from '../../src/events/handlers.js';
import type { UserEvent } from '../../src/events/user-event.js';
import { BulkActs } from '../../src/users/bulk/bulk-acts.js';
import { eventually } from '../support/eventually.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';
import { insertUserRows } from '../support/user-rows.js';

/** Refuses changes of one user, and keeps the change of another waiting. */
@Injectable()
class Doorkeeper {
  static refused = '';
  static held: { readonly id: string; reached(): void; readonly released: Promise<unknown> } | undefined;

  @OnUserEvent('user.suspended', 'user.reinstated')
  async look({ userId }: UserEvent): Promise<void> {
    if (userId === Doorkeeper.refused) throw new Error('Contracts forbid it for grace@example.com.');
    if (userId !== Doorkeeper.held?.id) return;
    Doorkeeper.held.reached();
    await Doorkeeper.held.released;
  }
}

@Module({ providers: [Doorkeeper] })
class DoorModule {}

interface Act {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly done: number;
  readonly results: { userId: string; outcome: string; code?: string; detail?: string }[];
}

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
let sequence = 0;
beforeAll(async () => {
  roster = await startRoster({}, [DoorModule]);
  admin = await roster.signIn();
  manager = await staff('manager@example.com');
});
afterAll(() => roster.stop());

async function staff(email: string, role = 'MANAGER'): Promise<{ id: string; token: string }> {
  const joined = await roster.join(email);
  await roster.api.put(`/users/${joined.id}/role`).set(as(admin)).send({ role }).expect(200);
  return joined;
}

/** Users made by an admin, without mails. */
async function make(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const username = `bulk-${String(++sequence)}`;
    const { body } = await roster.api.post('/users').set(as(admin)).send({ username, password: PASSWORD }).expect(201);
    ids.push((body as { id: string }).id);
  }
  return ids;
}

const begin = (token: string, body: object) => roster.api.post('/bulk-acts').set(as(token)).send(body);
const read = async (id: string, token = admin) =>
  (await roster.api.get(`/bulk-acts/${id}`).set(as(token)).expect(200)).body as Act;

async function finished(id: string, token = admin): Promise<Act> {
  await eventually(async () => (await read(id, token)).state === 'finished');
  return read(id, token);
}

async function done(token: string, body: object): Promise<Act> {
  const response = await begin(token, body).expect(202);
  const { id } = response.body as Act;
  expect(response.headers['location']).toBe(`/bulk-acts/${id}`);
  return finished(id);
}

/** Begins an act and waits until this user's change is held; `release` lets it go on. */
async function heldAt(userId: string, token: string, body: object): Promise<{ id: string; release: () => void }> {
  const [reached, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  Doorkeeper.held = { id: userId, reached: () => reached.resolve(undefined), released: released.promise };
  const { id } = (await begin(token, body).expect(202)).body as Act;
  await reached.promise;
  return { id, release: () => released.resolve(undefined) };
}

const eventsOf = async (id: string, type: string) =>
  roster.database.query<{ actor: { id: string; role: string }; trace_id: string; data: unknown }>(
    'SELECT actor, trace_id, data FROM user_events WHERE user_id = $1 AND type = $2',
    [id, type],
  );

describe('a bulk act', () => {
  it('gives each row what the single act gives, in the order of the ids, with its maker as the actor', async () => {
    const [one = '', two = '', three = ''] = await make(3);
    const nobody = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
    const adminId = (await roster.api.get('/users/me').set(as(admin)).expect(200)).body.id as string;
    await roster.api.post(`/users/${three}/suspend`).set(as(admin)).expect(200);
    const ids = [one, adminId, nobody, manager.id, two.toUpperCase(), three];
    const act = await done(manager.token, { action: 'suspend', ids, reason: 'Spam.' });
    const refusal = (userId: string, code: string, detail: string) => ({ userId, outcome: 'refused', code, detail });
    expect(act).toMatchObject({ action: 'suspend', total: 6, done: 6, succeeded: 3, refused: 3, failed: 0 });
    expect(act.results).toEqual([
      { userId: one, outcome: 'succeeded' },
      refusal(adminId, 'forbidden', 'Your role does not allow this.'),
      refusal(nobody, 'not-found', 'Not found.'),
      refusal(manager.id, 'forbidden', 'Your role does not allow this.'),
      { userId: two, outcome: 'succeeded' },
      { userId: three, outcome: 'succeeded' },
    ]);
    const [event] = await eventsOf(one, 'user.suspended');
    expect(event).toMatchObject({ actor: { id: manager.id, role: 'MANAGER' } });
    expect(await eventsOf(three, 'user.suspended')).toHaveLength(1);
    const back = await done(manager.token, { action: 'reinstate', ids: [one, two, three] });
    expect(back).toMatchObject({ succeeded: 3 });
  });

  it('carries the trace id of its request in every event', async () => {
    const [id = ''] = await make(1);
    const response = await begin(manager.token, { action: 'suspend', ids: [id] })
      .set('x-request-id', 'bulk-trace')
      .expect(202);
    await finished((response.body as Act).id);
    expect(await eventsOf(id, 'user.suspended')).toMatchObject([{ trace_id: 'bulk-trace' }]);
  });

  it('says why a handler refused a row, and keeps nothing of it that an erasure would not reach', async () => {
    const [one = '', two = ''] = await make(2);
    Doorkeeper.refused = one;
    const act = await done(manager.token, { action: 'suspend', ids: [one, two], reason: 'Between us.' });
    const detail = 'Contracts forbid it for grace@example.com.';
    expect(act.results).toMatchObject([{ outcome: 'refused', code: 'refused-by-handler', detail }, { userId: two }]);
    const rows = await roster.database.query(
      `SELECT encode(detail, 'escape') AS text FROM bulk_act_rows WHERE detail IS NOT NULL
       UNION ALL SELECT encode(reason, 'escape') FROM bulk_acts WHERE reason IS NOT NULL`,
    );
    expect(rows).not.toHaveLength(0);
    expect(JSON.stringify(rows)).not.toMatch(/grace@example|Between us/);
    const reasons = await roster.database.query('SELECT FROM bulk_acts WHERE id = $1 AND reason IS NOT NULL', [act.id]);
    expect(reasons).toEqual([]);
    await roster.api.post(`/users/${one}/erase`).set(as(admin)).expect(204);
    expect((await read(act.id)).results[0]).toEqual({
      userId: one,
      outcome: 'refused',
      code: 'refused-by-handler',
      detail: 'Change refused.',
    });
  });

  it('never takes the last admin, and refuses the rest once its maker is no ADMIN any more', async () => {
    const second = await staff('second-admin@example.com', 'ADMIN');
    const [one = '', two = ''] = await make(2);
    const ids = [one, second.id, two];
    const act = await done(second.token, { action: 'role', ids, role: 'MANAGER' });
    expect(act.results).toMatchObject([
      { outcome: 'succeeded' },
      { outcome: 'succeeded' },
      { outcome: 'refused', code: 'forbidden' },
    ]);
    const adminId = (await roster.api.get('/users/me').set(as(admin)).expect(200)).body.id as string;
    const last = await done(admin, { action: 'role', ids: [one, adminId], role: 'AUTHENTICATED' });
    expect(last.results).toMatchObject([{ outcome: 'succeeded' }, { outcome: 'refused', code: 'last-admin' }]);
  });
});

describe('the maker of a bulk act', () => {
  it('who is demoted in the middle has the rest refused', async () => {
    const maker = await staff('demoted@example.com');
    const ids = await make(3);
    for (const id of ids) await roster.api.post(`/users/${id}/suspend`).set(as(admin)).expect(200);
    const { id, release } = await heldAt(ids[0]!, maker.token, { action: 'reinstate', ids });
    await roster.api.put(`/users/${maker.id}/role`).set(as(admin)).send({ role: 'AUTHENTICATED' }).expect(200);
    release();
    const outcomes = (await finished(id)).results.map(({ outcome, code }) => code ?? outcome);
    expect(outcomes).toEqual(['succeeded', 'forbidden', 'forbidden']);
    expect(await eventsOf(ids[1]!, 'user.reinstated')).toEqual([]);
  });

  it('who signs out in the middle has the rest refused, and so has one who is suspended', async () => {
    const maker = await staff('leaving@example.com');
    const again = await roster.signIn('leaving@example.com', PASSWORD);
    for (const [token, leave] of [
      [maker.token, () => roster.api.post('/auth/logout').set(as(maker.token)).expect(204)],
      [again, () => roster.api.post(`/users/${maker.id}/suspend`).set(as(admin)).expect(200)],
    ] as const) {
      const ids = await make(3);
      for (const id of ids) await roster.api.post(`/users/${id}/suspend`).set(as(admin)).expect(200);
      const { id, release } = await heldAt(ids[0]!, token, { action: 'reinstate', ids });
      await leave();
      release();
      const outcomes = (await finished(id)).results.map(({ outcome, code }) => code ?? outcome);
      expect(outcomes).toEqual(['succeeded', 'not-authenticated', 'not-authenticated']);
    }
  });

  it('reads it, and so does an ADMIN, but nobody else', async () => {
    const [id = ''] = await make(1);
    const other = await staff('other-manager@example.com');
    const act = await done(manager.token, { action: 'suspend', ids: [id] });
    expect(await read(act.id, manager.token)).toEqual(await read(act.id));
    const get = (token: string, of = act.id) => roster.api.get(`/bulk-acts/${of}`).set(as(token));
    const foreign = await get(other.token).expect(404);
    const missing = await get(other.token, '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071').expect(404);
    expect(foreign.body.detail).toBe(missing.body.detail);
    await get(admin, 'not-an-id').expect(404);
    const { token } = await roster.join('plain@example.com');
    await get(token).expect(403);
  });
});

describe('a request for a bulk act', () => {
  const ID = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
  const many = Array.from({ length: 501 }, (_, index) => ID.slice(0, -3) + String(100 + index));
  it.each<[string, object]>([
    ['without ids', { action: 'suspend' }],
    ['for nobody', { action: 'suspend', ids: [] }],
    ['whose ids are no list', { action: 'suspend', ids: ID }],
    ['for somebody without an id', { action: 'suspend', ids: [ID, 'me'] }],
    ['for null', { action: 'suspend', ids: [ID, null] }],
    ['that names somebody twice', { action: 'suspend', ids: [ID, ID.toUpperCase()] }],
    ['for 501', { action: 'suspend', ids: many }],
    ['with a long reason', { action: 'suspend', ids: [ID], reason: 'x'.repeat(501) }],
    ['with a role for a suspension', { action: 'suspend', ids: [ID], role: 'MANAGER' }],
    ['with a reason for a reinstatement', { action: 'reinstate', ids: [ID], reason: 'x' }],
    ['without the role', { action: 'role', ids: [ID] }],
    ['with the role null', { action: 'role', ids: [ID], role: null }],
    ['with an unknown role', { action: 'role', ids: [ID], role: 'ROOT' }],
    ['for another action', { action: 'erase', ids: [ID] }],
    ['with an unknown field', { action: 'suspend', ids: [ID], why: 'x' }],
  ])('%s is refused', async (_, body) => {
    const { body: problem } = await begin(admin, body).expect(400);
    expect(problem.code).toBe('validation-failed');
  });

  it('is for managers, for roles only for admins, and then takes a fresh proof', async () => {
    const { token } = await roster.join('nobody@example.com');
    await begin(token, { action: 'suspend', ids: [ID] }).expect(403);
    await begin(manager.token, { action: 'role', ids: [ID], role: 'MANAGER' }).expect(403);
    const { body } = await roster.api
      .post('/auth/login')
      .send({ identifier: ADMIN.email, password: ADMIN.password })
      .expect(200);
    const { accessToken, refreshToken } = body as { accessToken: string; refreshToken: string };
    await roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE id = $1", [
      refreshToken.split('.')[0],
    ]);
    await begin(accessToken, { action: 'role', ids: [ID], role: 'MANAGER' }).expect(401, /step-up-required/);
    await begin(accessToken, { action: 'suspend', ids: [ID] }).expect(202);
  });
});

describe('a job that runs again', () => {
  const again = (id: string) =>
    roster.database.query(
      "SELECT graphile_worker.add_job('users.bulk', payload := json_build_object('id', $1::text))",
      [id],
    );

  it('acts on no row again, also while it runs', async () => {
    const ids = await make(3);
    const { id, release } = await heldAt(ids[0]!, manager.token, { action: 'suspend', ids });
    await again(id);
    release();
    await finished(id);
    for (const userId of ids) expect(await eventsOf(userId, 'user.suspended')).toHaveLength(1);
    await roster.api.post(`/users/${ids[1]!}/reinstate`).set(as(admin)).expect(200);
    await roster.database.query('UPDATE bulk_acts SET finished_at = NULL WHERE id = $1', [id]);
    await again(id);
    expect((await finished(id)).results).toHaveLength(3);
    expect(await eventsOf(ids[1]!, 'user.suspended')).toHaveLength(1);
  });

  it('finds results for seven days', async () => {
    const [userId = ''] = await make(1);
    const { id } = await done(manager.token, { action: 'suspend', ids: [userId] });
    const acts = roster.app.get(BulkActs, { strict: false });
    await roster.database.query("UPDATE bulk_acts SET created_at = now() - interval '6.9 days' WHERE id = $1", [id]);
    await acts.removeOld();
    await read(id);
    await roster.database.query("UPDATE bulk_acts SET created_at = now() - interval '7.1 days' WHERE id = $1", [id]);
    await roster.api.get(`/bulk-acts/${id}`).set(as(admin)).expect(404);
    await acts.removeOld();
    expect(await roster.database.query('SELECT FROM bulk_act_rows WHERE act_id = $1', [id])).toEqual([]);
  });
});

describe('more rows than one run of the job takes', () => {
  it('are all done, of which the one without a history fails alone', async () => {
    // A row without events behind it, on which no act can succeed.
    const broken = await insertUserRows(roster.database, [{ nickname: 'broken', createdAt: new Date() }]);
    const ids = await make(2);
    const unknown = Array.from({ length: 42 }, (_, index) => `019aa53c-1f7e-7c2f-b1c0-0000000${10_000 + index}`);
    const act = await done(manager.token, { action: 'suspend', ids: [...unknown, ...broken, ...ids] });
    expect(act).toMatchObject({ total: 45, done: 45, succeeded: 2, refused: 42, failed: 1 });
    expect(act.results.at(42)).toMatchObject({ userId: broken[0], outcome: 'failed', code: 'internal-error' });
  });
});

describe('an export of chosen users', () => {
  const exported = (body: object, token = admin) => roster.api.post('/users/export').set(as(token)).send(body);

  it('is CSV that no spreadsheet takes for formulas, in the order of the ids, without users who are nobody', async () => {
    const [one = '', two = '', erased = ''] = await make(3);
    const profile = { firstName: '=HYPERLINK("https://evil.example")', bio: 'a, "b"\nc', phone: '+442079460958' };
    await roster.api.patch(`/users/${one}`).set(as(admin)).send(profile).expect(200);
    await roster.api.delete(`/users/${two}`).set(as(admin)).expect(204);
    await roster.api.post(`/users/${erased}/erase`).set(as(admin)).expect(204);
    const ids = [two.toUpperCase(), '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', erased, one];
    const { text, headers } = await exported({ ids, format: 'csv' }).expect(200);
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(headers['content-disposition']).toBe('attachment; filename="users.csv"');
    const [names = '', first = '', second = '', end] = text.split('\r\n');
    expect(names).toMatch(/^id,email,emailVerified,username,firstName,.*,version$/);
    expect(first).toMatch(new RegExp(`^"${two}",.*"DELETED"`));
    expect(second).toContain(`"${one}"`);
    expect(second).toContain(`"'=HYPERLINK(""https://evil.example"")",,,"a, ""b""\nc"`);
    expect(second).toContain(`"'+442079460958"`);
    expect(end).toBe('');
    const lines = (await exported({ ids, format: 'ndjson' }).expect(200)).text.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { id: two, status: 'DELETED' },
      { id: one, firstName: profile.firstName, phone: profile.phone },
    ]);
    expect(lines.join('')).not.toContain('_links');
    const evidence = await roster.database.query<{ user_id: string }>(
      "SELECT user_id FROM auth_events WHERE type = 'access.granted' AND what = 'POST /users/export' AND times >= 1",
    );
    expect(evidence.map((row) => row.user_id).sort()).toEqual([one, two].sort());
  });

  it('is for an ADMIN with a fresh proof', async () => {
    const body = { ids: [manager.id], format: 'csv' };
    await exported(body, manager.token).expect(403);
    await exported({ ...body, format: 'xlsx' }).expect(400);
    await exported({ ...body, ids: [] }).expect(400);
  });
});
