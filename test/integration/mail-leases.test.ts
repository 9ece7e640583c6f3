import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { MailLeases, type MailOutcome } from '../../src/mail/delivery/mail-leases.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let dataSource: DataSource;
let leases: MailLeases;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
  leases = new MailLeases(dataSource);
  await database.query(
    `INSERT INTO users (id, version, email, email_verified, is_professional, role, pending, created_at, updated_at, search)
     VALUES (gen_random_uuid(), 1, 'ada@example.com', true, false, 'AUTHENTICATED', false, now(), now(), '')`,
  );
});
beforeEach(() => database.query('DELETE FROM mails'));
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** @param due how many seconds ago */
async function add(template: string, due = 0, age = 0): Promise<void> {
  await database.query(
    `INSERT INTO mails (id, user_id, template, recipient, trace_id, due_at, created_at)
     SELECT gen_random_uuid(), id, $1, email, 'x', now() - $2 * interval '1 second', now() - $3 * interval '1 hour' FROM users`,
    [template, due, age],
  );
}

const leased = async (count: number) => (await leases.leaseDue(count)).map(({ template }) => template);
const rows = (columns: string) => database.query(`SELECT ${columns} FROM mails ORDER BY due_at`);
const outcome = (id: string, more: Partial<MailOutcome>): MailOutcome => ({
  ...{ id, state: 'queued', wasTried: true, reason: null, answer: null, waitMs: 0 },
  ...more,
});

describe('A due mail', () => {
  it('is leased by one process, the longest due first, and none before it is due', async () => {
    await add('password-changed', 1);
    await add('verify-email', 2);
    await add('magic-link', -60);
    expect(await Promise.all([leased(1), leased(1), leased(1)]).then((all) => all.flat().sort())).toEqual([
      'password-changed',
      'verify-email',
    ]);
    expect(await leased(10)).toEqual([]);
  });

  it('comes before invitations, of which there may be thousands at once', async () => {
    for (let n = 0; n < 5; n++) await add('invitation', 60);
    await add('magic-link', 1);
    expect(await leased(2)).toEqual(['magic-link', 'invitation']);
    expect(await leased(10)).toHaveLength(4);
  });

  it('can be leased by others when its lease has expired without a renewal', async () => {
    await add('verify-email');
    const [mail] = await leases.leaseDue(1);
    expect(mail).toMatchObject({ recipient: 'ada@example.com' });
    await database.query(`UPDATE mails SET held_until = held_until - interval '9 seconds'`);
    await leases.renew([mail!.id]);
    await database.query(`UPDATE mails SET held_until = held_until - interval '9 seconds'`);
    expect(await leased(1)).toEqual([]);
    await database.query(`UPDATE mails SET held_until = held_until - interval '2 seconds'`);
    expect(await leased(1)).toEqual(['verify-email']);
  });
});

describe('The outcome of a mail', () => {
  it('is recorded once: a sent mail is not queued again by a process that had lost its lease', async () => {
    await add('verify-email');
    const [mail] = await leases.leaseDue(1);
    await leases.record([outcome(mail!.id, { state: 'sent', answer: '250 yes' })]);
    await leases.record([outcome(mail!.id, { reason: 'the connection ended' })]);
    expect(await rows('state, attempts, answer, last_error, held_until')).toEqual([
      { state: 'sent', attempts: 1, answer: '250 yes', last_error: null, held_until: null },
    ]);
  });

  it('is failure after a day of attempts, and after a day of an outage of the server', async () => {
    await add('verify-email', 3, 25);
    await add('verify-email', 2, 23);
    const mails = await leases.leaseDue(2);
    await leases.record(mails.map(({ id }) => outcome(id, { reason: '451 later' })));
    expect(await rows('state, last_error')).toEqual(
      expect.arrayContaining([
        { state: 'failed', last_error: '451 later' },
        { state: 'queued', last_error: '451 later' },
      ]),
    );
    await database.query('DELETE FROM mails');
    await add('verify-email', 3, 25);
    await add('verify-email', 2, 23);
    await leases.recordOutage('no connection');
    expect(await rows('state, attempts, last_error')).toEqual([
      { state: 'failed', attempts: 0, last_error: 'no connection' },
      { state: 'queued', attempts: 0, last_error: 'no connection' },
    ]);
  });
});

describe('The shared rate limit', () => {
  it('gives each process sends after those that are reserved already', async () => {
    const first = await leases.reserveSends(10, 10);
    const second = await leases.reserveSends(10, 10);
    expect(first).toBe(0);
    // A second after the first, but for what passed meanwhile.
    expect(second).toBeGreaterThan(0);
    expect(second).toBeLessThanOrEqual(1000);
    expect(await leases.reserveSends(1, 0.5)).toBeLessThanOrEqual(2000);
  });
});
