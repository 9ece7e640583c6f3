import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let webhook: string;
let person: string;
let client: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  const { body } = await roster.api.post('/webhooks').set(by()).send({ url: 'http://127.0.0.1:9/' }).expect(201);
  webhook = (body as { id: string }).id;
  const app = { name: 'App', redirectUris: ['https://app.example.com/'] };
  // So that every list has more than one row.
  const email = 'listed@example.com';
  ({ id: person } = await roster.join(email));
  await roster.signIn(email, 'nine brown foxes at dawn');
  await roster.api.post('/clients').set(by()).send(app).expect(201);
  const created = await roster.api.post('/clients').set(by()).send(app).expect(201);
  client = (created.body as { clientId: string }).clientId;
  await roster.api.post(`/clients/${client}/rotate-secret`).set(by()).expect(200);
  await roster.database.query(
    `INSERT INTO logout_deliveries (id, client_id, session_id, user_id)
     SELECT gen_random_uuid(), $1, gen_random_uuid(), $2 FROM generate_series(1, 2)`,
    [client, person],
  );
  await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
  await eventually(async () => (await roster.database.query('SELECT FROM event_positions')).length > 2);
  await roster.database.query(
    "INSERT INTO relay_dead_letters (sink, position, event_id, reason) SELECT 'webhooks', position, event_id, 'too large' FROM event_positions LIMIT 3",
  );
});
afterAll(() => roster.stop());

const by = () => ({ authorization: `Bearer ${admin}` });

const NO_TIMES = [
  "' OR 1=1",
  'now',
  'infinity',
  '2026-11-28',
  '2026-11-28T00:00:00Z',
  '2026-02-30T00:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '-271821-04-20T00:00:00.000Z',
  '+275760-09-13T00:00:00.000Z',
  null,
];
const NO_VERSIONS = ['0', '-1', '1.5', '01', '1e3', '2147483648', '٣', "1' OR 1=1", null];
const NO_POSITIONS = ['0', '-1', '1.5', '01', '1e3', '1000000000000000', "1' OR 1=1", null];
const NO_KEYS = ['', '1', '2026-11-28T00:00:00.000Z'];

/** By operation, each list with what its rows are never ordered by. */
const LISTS: Readonly<Record<string, readonly [path: () => string, keys: readonly (string | null)[]][]>> = {
  listUsers: [
    [() => '/users?sort=createdAt', NO_TIMES],
    [() => '/users?sort=-lastLoginAt', NO_TIMES.filter((key) => key !== null)],
  ],
  listUserHistory: [[() => `/users/${person}/history?`, NO_VERSIONS]],
  listSignIns: [[() => `/users/${person}/sign-ins?`, NO_TIMES]],
  listMails: [[() => `/users/${person}/mails?`, NO_KEYS]],
  listAllMails: [[() => '/mails?', NO_KEYS]],
  listAuditEvents: [
    [() => '/audit?', NO_TIMES],
    [() => '/audit?type=login.succeeded', NO_TIMES],
  ],
  listEvents: [
    [() => '/events?sort=-occurredAt', NO_TIMES],
    [() => `/events?sort=-occurredAt&userId=${person}`, NO_TIMES],
  ],
  listDeadLetters: [[() => '/relay/webhooks/dead-letters?', NO_POSITIONS]],
  listDeliveries: [[() => `/webhooks/${webhook}/deliveries?`, NO_TIMES]],
  listClients: [[() => '/clients?', NO_TIMES]],
  listClientLogouts: [[() => `/clients/${client}/logouts?`, NO_TIMES]],
  listClientEvents: [[() => `/clients/${client}/events?`, NO_TIMES]],
};

describe('a cursor that was made up', () => {
  it.each(Object.entries(LISTS))('is refused as a mistake of the caller: %s', async (_operation, lists) => {
    for (const [path, keys] of lists) {
      const get = (query: string) => roster.api.get(`${path()}&limit=1${query}`).set(by());
      let next: string | null = null;
      await eventually(async () => {
        const { body } = await get('').expect(200);
        next = (body as { page: { nextCursor: string | null } }).page.nextCursor;
        return next !== null;
      });
      const parts = JSON.parse(Buffer.from(next!, 'base64url').toString()) as unknown[];
      const forged = (index: number, value: unknown) =>
        Buffer.from(JSON.stringify(parts.with(index, value))).toString('base64url');
      await get(`&cursor=${forged(3, parts[3])}`).expect(200);
      const cursors = [
        ...keys.map((key) => forged(3, key)),
        ...[{}, [], 1, true, 'nul\0', '\ud800'].map((key) => forged(3, key)),
        ...['x', '{}', `{${String(parts[4])}}`, null].map((id) => forged(4, id)),
      ];
      for (const cursor of cursors) {
        const { status, body } = await get(`&cursor=${cursor}`);
        const { code } = body as { code?: string };
        expect({ cursor: Buffer.from(cursor, 'base64url').toString(), status, code }).toEqual({
          cursor: expect.any(String),
          status: 400,
          code: 'validation-failed',
        });
      }
    }
  });

  it('is tried on every list that there is', async () => {
    const { paths } = (await roster.api.get('/docs-json').expect(200)).body as OpenAPIObject;
    const operations = Object.values(paths).flatMap(({ get }) => (get ? [get] : []));
    const withCursor = operations.filter(({ parameters = [] }) =>
      parameters.some((parameter) => 'name' in parameter && parameter.name === 'cursor'),
    );
    expect(withCursor.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(LISTS).sort());
  });
});
