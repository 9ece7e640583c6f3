import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

// In every address and name of this file.
const MARK = 'logcanary';
const email = (name: string) => `${name}.${MARK}@example.com`;

let roster: Roster;
let admin: string;
let path: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  const url = new URL(roster.database.url);
  [url.username, url.pathname] = ['postgres', '/postgres'];
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory').finally(() => client.end());
  path = join(dirname(dirname(rows[0]!.data_directory)), 'postgres.log');
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const create = (body: object) =>
  roster.api
    .post('/users')
    .set(as(admin))
    .send({ password: PASSWORD, ...body });

it('what a unique index would refuse is refused before: no address and no name gets into the log of PostgreSQL', async () => {
  // It is the log, and it does keep what a unique index refuses.
  await roster.database.query('CREATE TABLE probe (value text PRIMARY KEY)');
  await roster.database.query("INSERT INTO probe VALUES ('probe of the log')");
  await expect(roster.database.query("INSERT INTO probe VALUES ('probe of the log')")).rejects.toThrow('duplicate');

  const ada = await roster.join(email('ada'), { username: `ada.${MARK}` });
  const eve = await roster.join(email('eve'), { username: `eve.${MARK}` });
  const code =
    (expected: string) =>
    ({ body }: { body: unknown }) =>
      expect(body).toMatchObject({ code: expected });

  await create({ email: email('ada') })
    .expect(409)
    .expect(code('email-taken'));
  await create({ username: `ADA.${MARK}` })
    .expect(409)
    .expect(code('username-taken'));
  await roster.api
    .post('/auth/register')
    .send({ email: email('new'), password: PASSWORD, username: `ada.${MARK}` })
    .expect(409);
  await roster.api
    .put(`/users/${eve.id}/username`)
    .set(as(eve.token))
    .send({ newUsername: `Ada.${MARK}` })
    .expect(409);

  // All at once, so that looking first is not enough.
  const twins = await Promise.all(
    Array.from({ length: 8 }, () => create({ email: email('twin'), username: `twin.${MARK}` })),
  );
  expect(twins.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  const names = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      roster.api.post('/auth/register').send({ email: email(`reg${n}`), password: PASSWORD, username: `race.${MARK}` }),
    ),
  );
  expect(names.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(7).fill(409)]);

  // Two links to one address.
  for (const { id, token } of [ada, eve]) {
    await roster.database.query('DELETE FROM address_throttle');
    await roster.api
      .put(`/users/${id}/email`)
      .set(as(token))
      .send({ newEmail: email('both'), currentPassword: PASSWORD })
      .expect(202);
  }
  const links = [
    tokenIn(await roster.inbox.waitFor(email('both'))),
    tokenIn(await roster.inbox.waitFor(email('both'), 2)),
  ];
  await Promise.all(links.map((token) => roster.api.post('/auth/confirm-email-change').send({ token })));
  await roster.api
    .post(`/users/${eve.id}/contacts`)
    .set(as(eve.token))
    .send({ kind: 'email', value: email('c') })
    .expect(201);
  await roster.api
    .post(`/users/${eve.id}/contacts`)
    .set(as(eve.token))
    .send({ kind: 'email', value: email('c') })
    .expect(409);

  const log = await readFile(path, 'utf8');
  expect(log).toContain('probe of the log');
  expect(log.split('\n').filter((line) => line.toLowerCase().includes(MARK))).toEqual([]);
});
