import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { mailCalls } from '../support/mail-calls.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => roster.stop());

const { as, idOf, mailsOf, register, resend, settled } = mailCalls(() => ({ roster, admin, manager }));

describe('a mail that is sent again', () => {
  it('while it waits, is tried now', async () => {
    const email = 'waits@example.com';
    await roster.inbox.down();
    await register(email);
    const userId = await idOf(email);
    const putOff = async () =>
      roster.database.query(
        `UPDATE mails SET due_at = now() + interval '1 hour'
         WHERE user_id = $1 AND attempts > 0 AND held_until IS NULL RETURNING id`,
        [userId],
      );
    await eventually(async () => (await putOff()).length === 1);
    await roster.inbox.up();
    const [waiting] = await mailsOf(userId);
    expect(Date.parse(waiting!.nextAttemptAt!)).toBeGreaterThan(Date.now() + 3_000_000);
    const { body } = await resend(waiting!.id).expect(202);
    expect(body.id).toBe(waiting!.id);
    expect(await settled(userId)).toMatchObject([{ id: waiting!.id, state: 'sent', resendOf: null }]);
  });
});

describe('a link that has expired before its mail could leave', () => {
  const tried = (userId: string, mails: number) =>
    eventually(async () => {
      const all = await mailsOf(userId);
      return all.length === mails && all.every(({ attempts }) => attempts > 0);
    });
  const holdBack = async (userId: string, purpose: string) => {
    await roster.database.query(
      `UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1 AND purpose = $2`,
      [userId, purpose],
    );
  };

  it('is replaced in a mail that confirms a registration', async () => {
    const email = 'late@example.com';
    await roster.inbox.down();
    await register(email);
    const userId = await idOf(email);
    await tried(userId, 1);
    await holdBack(userId, 'verify-email');
    await roster.inbox.up();
    await roster.api
      .post('/auth/verify-email')
      .send({ token: tokenIn(await roster.inbox.waitFor(email)) })
      .expect(200);
  });

  it('is made anew, also where the job of its mail runs again', async () => {
    const email = 'sleepy@example.com';
    await roster.inbox.down();
    await register(email);
    // The first try is over: what it derived must not be what leaves.
    for (let failed = 0; failed === 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const rows = await roster.database.query('SELECT 1 FROM mails WHERE recipient = $1 AND attempts > 0', [email]);
      failed = rows.length;
    }
    await roster.database.query(
      `UPDATE one_time_tokens SET expires_at = now() - interval '1 hour'
       WHERE user_id = (SELECT id FROM users WHERE email_key = $1)`,
      [email],
    );
    await roster.inbox.up();
    await roster.database.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
    const mail = await roster.inbox.waitFor(email);
    await roster.api
      .post('/auth/verify-email')
      .send({ token: tokenIn(mail) })
      .expect(200);
  });

  it('is not mailed where it would reset a password', async () => {
    const email = 'too-late@example.com';
    const { id } = await roster.join(email);
    await roster.inbox.down();
    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    await tried(id, 2);
    await holdBack(id, 'reset-password');
    await roster.inbox.up();
    const [reset] = await settled(id);
    expect(reset).toMatchObject({ template: 'reset-password', state: 'failed' });
    expect(reset).toMatchObject({ reason: 'no longer needed: its link was used or revoked, or has expired' });
    expect(roster.inbox.to(email)).toHaveLength(1);
  });
});

describe('mails that leave together', () => {
  it('carry each the link of its own reader', async () => {
    await roster.inbox.down();
    const emails = Array.from({ length: 6 }, (_, n) => `together-${n}@example.com`);
    for (const email of emails) await register(email);
    await roster.inbox.up();
    for (const email of emails) {
      const token = tokenIn(await roster.inbox.waitFor(email));
      await roster.api.post('/auth/verify-email').send({ token }).expect(200);
      const proved = await roster.database.query('SELECT FROM users WHERE email = $1 AND email_verified', [email]);
      expect([email, proved.length]).toEqual([email, 1]);
    }
  });

  it('are not held up by one that cannot be composed', async () => {
    const { id } = await roster.join('beside@example.com');
    await roster.database.query(
      `INSERT INTO mails (id, user_id, template, recipient, trace_id, data)
       SELECT gen_random_uuid(), $1, template, 'beside@example.com', 'x', data::jsonb FROM (VALUES
         ('invitation', '{"invitedBy": "no id"}'), ('account-restored', '{}'), ('account-unlocked', '{"changedAt": "now"}'))
         AS mails (template, data)`,
      [id],
    );
    await roster.inbox.about('beside@example.com', /is unlocked/);
    const reason = expect.stringContaining('could not be composed');
    const isTried = async () => (await mailsOf(id)).filter(({ attempts }) => attempts > 0).length === 4;
    await eventually(isTried);
    expect(await mailsOf(id)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ template: 'invitation', state: 'queued', reason }),
        expect.objectContaining({ template: 'account-restored', state: 'queued', reason }),
        expect.objectContaining({ template: 'account-unlocked', state: 'sent' }),
      ]),
    );
    await roster.database.query("DELETE FROM mails WHERE state = 'queued'");
  });
});
