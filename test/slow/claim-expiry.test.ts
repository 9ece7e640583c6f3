import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster({ PENDING_RETENTION: '7d' })));
afterAll(() => roster.stop());

const register = (email: string, username: string) =>
  roster.api.post('/auth/register').send({ email, username, password: PASSWORD });
const age = (where: string, by: string) =>
  roster.database.query(`UPDATE users SET created_at = now() - interval '${by}' WHERE ${where}`);
const run = () => roster.app.get(ClaimExpiry, { strict: false }).deleteExpired();
const emails = async () =>
  (await roster.database.query<{ email: string }>('SELECT email FROM users ORDER BY email')).map(({ email }) => email);

describe('a registration that nobody proves', () => {
  it('vanishes after PENDING_RETENTION, with its person, and its username is free again', async () => {
    await roster.join('proved@example.com');
    await register('old@example.com', 'parked').expect(202);
    await register('young@example.com', 'young').expect(202);
    await age("email = 'old@example.com'", '7 days 1 minute');
    await age("email = 'young@example.com'", '6 days 23 hours');
    await age("email = 'proved@example.com'", '400 days');
    await register('next@example.com', 'parked').expect(409);

    await run();
    expect(await emails()).toEqual(['admin@example.com', 'proved@example.com', 'young@example.com']);
    const [last] = await roster.database.query<{ data: object; actor: object }>(
      "SELECT data, actor FROM user_events WHERE type = 'user.erased'",
    );
    expect(last).toEqual({ data: { reason: 'claim-expired' }, actor: { kind: 'system' } });
    expect(await roster.database.query("SELECT 1 FROM mails WHERE recipient = 'old@example.com'")).toEqual([]);
    await register('next@example.com', 'parked').expect(202);
  });

  it('goes in batches, however many there are, and a second run finds nothing', async () => {
    await roster.database.query(`
      INSERT INTO users (id, version, email, email_key, email_verified, is_professional, role, pending, created_at, updated_at, search)
      SELECT gen_random_uuid(), 0, 'bot' || n || '@example.com', 'bot' || n || '@example.com', false, false, 'AUTHENTICATED',
        true, now() - interval '8 days', now(), '' FROM generate_series(1, 450) AS n`);
    await run();
    expect((await emails()).filter((email) => email.startsWith('bot'))).toEqual([]);
    const before = await roster.database.query('SELECT count(*) FROM user_events');
    await run();
    expect(await roster.database.query('SELECT count(*) FROM user_events')).toEqual(before);
  });

  it('is looked for every hour', async () => {
    const rows = await roster.database.query('SELECT identifier FROM graphile_worker._private_known_crontabs');
    expect(rows).toContainEqual({ identifier: 'auth.claim-expiry' });
  });
});
