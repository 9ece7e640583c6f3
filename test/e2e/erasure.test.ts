import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PersonalDataRegistry } from '../../src/events/personal-data-registry.js';
import { Retention } from '../../src/users/erasure/retention.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const erase = (id: string, token = admin) => roster.api.post(`/users/${id}/erase`).set(as(token));

/** Every row of every table as text, binary columns as they are too: what a `pg_dump` of the database says. */
async function dump(): Promise<string> {
  const columns = await roster.database.query<{ schema: string; table: string; column: string; type: string }>(
    `SELECT c.table_schema AS schema, c.table_name AS table, c.column_name AS column, c.data_type AS type
     FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
     WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const tables = Map.groupBy(columns, ({ schema, table }) => `"${schema}"."${table}"`);
  let text = '';
  for (const [table, own] of tables) {
    const parts = own.map(({ column, type }) =>
      type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`,
    );
    const rows = await roster.database.query<{ row: string }>(
      `SELECT concat_ws(' ', ${parts.join(', ')}) AS row FROM ${table}`,
    );
    text += rows.map(({ row }) => `${table} ${row.replaceAll('\n', ' ')}\n`).join('');
  }
  return text;
}

describe('an address that is erased', () => {
  it('is gone from the mails and links of others, who had asked to move to it or had it as a contact', async () => {
    const person = await roster.join('spread@muller.example');
    const other = await roster.join('other@example.com');
    await roster.api
      .put(`/users/${other.id}/email`)
      .set(as(other.token))
      .send({ newEmail: 'SPREAD@muller.example', currentPassword: PASSWORD })
      .expect(202);
    // The registration had the turn of this minute.
    await roster.database.query('DELETE FROM address_throttle');
    await roster.api
      .post(`/users/${other.id}/contacts`)
      .set(as(other.token))
      .send({ kind: 'email', value: 'spread@MULLER.example' })
      .expect(201);
    await roster.inbox.about('spread@muller.example', /./);
    const held = () =>
      roster.database.query<{ text: string }>(
        `SELECT concat(recipient, ' ', data, ' ', answer, ' ', last_error) AS text FROM mails WHERE user_id = $1
         UNION ALL SELECT convert_from(decode(replace(replace(split_part(purpose, ':', 2), '-', '+'), '_', '/')
           || repeat('=', (4 - length(split_part(purpose, ':', 2)) % 4) % 4), 'base64'), 'UTF8')
         FROM one_time_tokens WHERE user_id = $1 AND purpose LIKE 'confirm-email-change:%'`,
        [other.id],
      );
    const texts = async () => (await held()).filter(({ text }) => /spread/i.test(text)).length;
    expect(await texts()).toBeGreaterThanOrEqual(3);
    await erase(person.id).expect(204);
    expect(await texts()).toBe(0);
    const { body } = await roster.api.get(`/users/${other.id}/mails`).set(as(admin)).expect(200);
    const recipients = (body as { items: { recipient: string; state: string }[] }).items;
    expect(recipients.filter(({ recipient }) => recipient === 'erased@erased.invalid').length).toBeGreaterThanOrEqual(
      2,
    );
    // Those to their own address may still be on their way.
    expect(
      recipients.filter(({ state, recipient }) => state === 'queued' && recipient !== 'other@example.com'),
    ).toEqual([]);
  });
});

describe('an erasure', () => {
  it('leaves nothing of the person anywhere in the database, and a log that says what happened', async () => {
    const canary = 'canary';
    const agent = { 'user-agent': 'CanaryBrowser/1.0' };
    const email = 'canary@example.com';
    // Planted in every place: profile, events, the reason of a suspension, sessions, links, mails, jobs, remembered answers.
    const created = await roster.api
      .post('/users')
      .set({ ...as(admin), ...agent, 'idempotency-key': 'k1' })
      .send({ email, username: 'canary-name', firstName: 'Canary', bio: 'canary bio', phone: '+442079460958' })
      .expect(201);
    const id = String(created.body.id);
    await roster.inbox.waitFor(email);
    await roster.api
      .post(`/users/${id}/contacts`)
      .set(as(admin))
      .send({ kind: 'email', value: 'canary@contact.example', label: 'canary' })
      .expect(201);
    await roster.database.query('UPDATE mails SET data = data || \'{"requestedFrom": "canary"}\' WHERE user_id = $1', [
      id,
    ]);
    await roster.database.query("UPDATE one_time_tokens SET requested_user_agent = 'canary' WHERE user_id = $1", [id]);
    await roster.database.query(
      'INSERT INTO password_credentials (user_id, hash) SELECT $1, hash FROM password_credentials LIMIT 1',
      [id],
    );
    await roster.api.post('/auth/login').set(agent).send({ identifier: email, password: ADMIN.password }).expect(200);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: 'canary sang' }).expect(200);
    await roster.api.post('/auth/register').set(agent).send({ email, password: PASSWORD, username: 'canary-claim' });
    await roster.database.query(
      `SELECT graphile_worker.add_job('auth.resend-verification', $1::json, run_at := now() + interval '1 day')`,
      [{ address: email, context: { userAgent: canary } }],
    );
    const before = await dump();
    for (const table of ['users', 'sessions', 'one_time_tokens', 'mails', 'idempotent_requests', '_private_jobs']) {
      expect({ table, planted: new RegExp(`"${table}" [^\\n]*canary`, 'i').test(before) }).toEqual({
        table,
        planted: true,
      });
    }

    await erase(id).expect(204);
    expect((await dump()).split('\n').filter((line) => /canary|\+442079460958/i.test(line))).toEqual([]);
    const events = await roster.database.query<{ type: string }>(
      'SELECT type FROM user_events WHERE user_id = $1 ORDER BY user_version',
      [id],
    );
    expect(events.map(({ type }) => type)).toEqual([
      'user.created',
      'user.updated',
      'user.verification_token.created',
      'user.contact_added',
      'user.verification_token.created',
      'user.suspended',
      'user.erased',
    ]);
  });

  it('frees the address and the username, and cannot be undone or done twice', async () => {
    const { id, token } = await roster.join('free@example.com', { username: 'free-name' });
    await erase(id, token).expect(403);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await erase(id).expect(204);
    await erase(id).expect(404);
    await roster.api.post(`/users/${id}/restore`).set(as(admin)).expect(404);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.api.get(`/users/${id}`).set(as(admin)).expect(404);
    const blank = await roster.api.get(`/users/${id}?includeDeleted=true`).set(as(admin)).expect(200);
    expect(blank.body).toMatchObject({ email: null, username: null, firstName: null, status: 'DELETED' });
    expect(Object.keys(blank.body._links as object)).toEqual(['self', 'history']);
    await roster.api
      .post('/auth/register')
      .send({ email: 'free@example.com', password: PASSWORD, username: 'free-name' })
      .expect(202);
    const fresh = await roster.database.query("SELECT 1 FROM users WHERE email = 'free@example.com' AND pending");
    expect(fresh).toHaveLength(1);
  });

  it('spares the last admin, and is refused by a version that holds no more', async () => {
    const me = await roster.api.get('/users/me').set(as(admin)).expect(200);
    await erase(String(me.body.id)).expect(409, /last-admin/);
    const { id } = await roster.join('version@example.com');
    await erase(id).set('if-match', '"1"').expect(412);
    await roster.api.get(`/users/${id}`).set(as(admin)).expect(200);
  });

  it('comes by itself for users who were deleted longer than DELETED_RETENTION ago', async () => {
    const old = await roster.join('old@example.com');
    const recent = await roster.join('recent@example.com');
    for (const { id } of [old, recent]) await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await roster.database.query("UPDATE users SET deleted_at = now() - interval '31 days' WHERE id = $1", [old.id]);
    await roster.app.get(Retention, { strict: false }).eraseDue();
    const rows = await roster.database.query(
      'SELECT id, email, erased_at IS NOT NULL AS erased FROM users WHERE id = ANY ($1)',
      [[old.id, recent.id]],
    );
    expect(rows).toContainEqual({ id: old.id, email: null, erased: true });
    expect(rows).toContainEqual({ id: recent.id, email: 'recent@example.com', erased: false });
  });
});

describe('the list of places that hold personal data', () => {
  it('names every table but those that hold none', async () => {
    // Ids and positions, or an HMAC.
    const nothingPersonal = [
      'keys',
      'log_verifications',
      'mail_pace',
      'migrations',
      'address_throttle',
      'address_allowances',
      'event_outbox',
      'event_positions',
      'revocations',
      'rate_limits',
      'webhook_endpoints',
      'webhook_retired_secrets',
      'clients',
      'client_secrets',
      'client_events',
      'relay_cursors',
      'relay_dead_letters',
    ];
    const tables = await roster.database.query<{ name: string }>(
      // Partitions are named by their table.
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition`,
    );
    const known = [...roster.app.get(PersonalDataRegistry, { strict: false }).tables, ...nothingPersonal];
    expect(tables.map(({ name }) => name).sort()).toEqual(known.sort());
  });
});

describe('an export', () => {
  it('is one file of everything held about a person, without hashes and tokens', async () => {
    const { id, token } = await roster.join('export@example.com', { firstName: 'Ada' });
    const file = await roster.api.get(`/users/${id}/export`).set(as(token)).expect(200);
    expect(file.headers['content-disposition']).toBe(`attachment; filename="user-${id}.json"`);
    expect(file.body.data).toMatchObject({
      profile: { id, email: 'export@example.com', firstName: 'Ada' },
      events: [
        { type: 'user.created', data: { email: 'export@example.com' } },
        { type: 'user.verification_token.created' },
        { type: 'user.email_verified' },
      ],
      sessions: [{ ip: expect.stringContaining('127.0.0.1'), endedAt: null }],
      mails: [{ template: 'verify-email', recipient: 'export@example.com', state: 'sent' }],
      password: [{ changedAt: expect.any(String) }],
    });
    const [{ hash } = { hash: '' }] = await roster.database.query<{ hash: string }>(
      'SELECT hash FROM password_credentials WHERE user_id = $1',
      [id],
    );
    expect(file.text).not.toContain(hash);
    expect(file.text).not.toMatch(/nonce|hash/i);
    await roster.api.get(`/users/${id}/export`).set(as(admin)).expect(200);
  });
});
