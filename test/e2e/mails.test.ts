import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MailRetention } from '../../src/mail/delivery/mail-retention.js';
import { tokenIn } from '../support/inbox.js';
import { mailCalls, type MailRecord } from '../support/mail-calls.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster({ MAIL_FROM: 'Roster, Inc. <no-reply@roster.test>' });
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => roster.stop());

const { as, idOf, mailsOf, register, resend, settled } = mailCalls(() => ({ roster, admin, manager }));

describe('the mails of a user', () => {
  it('say what became of each, with what the SMTP server answered and the trace id', async () => {
    const email = 'ada@example.com';
    await roster.api
      .post('/auth/register')
      .set('x-request-id', 'why-no-mail')
      .send({ email, password: PASSWORD })
      .expect(202);
    const [mail, ...more] = await settled(await idOf(email));
    expect(more).toEqual([]);
    expect(mail).toEqual({
      id: expect.any(String),
      template: 'verify-email',
      recipient: email,
      state: 'sent',
      attempts: 1,
      reason: null,
      answer: expect.stringMatching(/^250 /),
      nextAttemptAt: null,
      resendOf: null,
      requestedBy: null,
      traceId: 'why-no-mail',
      createdAt: expect.any(String),
      sentAt: expect.any(String),
      _links: { resend: { href: `/mails/${mail!.id}/resend`, method: 'POST' } },
    });
  });

  it('are paged, the newest first, and a page is never one of somebody else', async () => {
    const { id } = await roster.join('paged@example.com');
    await roster.database.query(
      `INSERT INTO mails (id, user_id, template, recipient, trace_id, state)
       SELECT gen_random_uuid(), $1, 'already-registered', 'paged@example.com', 'x', 'sent' FROM generate_series(1, 6)`,
      [id],
    );
    const all = (await mailsOf(id)).map((mail) => mail.id);
    expect(all).toHaveLength(7);
    expect(all).toEqual([...all].sort().reverse());
    const get = (path: string) => roster.api.get(path).set(as(manager.token));
    const first = await get(`/users/${id}/mails?limit=3`).expect(200);
    expect(first.headers['link']).toContain('rel="next"');
    const second = await get(String(first.body._links.next.href)).expect(200);
    const third = await get(String(second.body._links.next.href)).expect(200);
    const back = await get(String(third.body._links.prev.href)).expect(200);
    const ids = (page: typeof first) => (page.body.items as MailRecord[]).map((mail) => mail.id);
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(all);
    expect(ids(back)).toEqual(ids(second));
    expect(third.body.page.nextCursor).toBeNull();
    await get(`/users/${await idOf('admin@example.com')}/mails?cursor=x`).expect(403);
    await get(`/users/${await idOf('ada@example.com')}/mails?cursor=${first.body.page.nextCursor}`).expect(400);
  });

  it('are shown to their owner too, without what is for staff', async () => {
    const owner = await roster.join('owner@example.com');
    await roster.api.post('/auth/request-password-reset').send({ email: 'owner@example.com' }).expect(202);
    await roster.inbox.waitFor('owner@example.com', 2);
    const [mail] = await settled(owner.id);
    await resend(mail!.id).expect(202);
    await settled(owner.id);
    const [again, first] = await mailsOf(owner.id, owner.token);
    const staffs = await mailsOf(owner.id);
    expect(staffs[0]).toMatchObject({ id: again!.id, answer: expect.any(String), requestedBy: manager.id });
    const hidden = { reason: null, answer: null, requestedBy: null, _links: {} };
    expect(again).toEqual({ ...staffs[0], ...hidden });
    expect(first).toEqual({ ...staffs[1], ...hidden });
    await roster.api.get(`/users/${manager.id}/mails`).set(as(owner.token)).expect(403);
  });

  it('are forgotten after MAIL_RETENTION, but for those that wait', async () => {
    const { id } = await roster.join('old@example.com');
    await settled(id);
    await roster.database.query(
      `INSERT INTO mails (id, user_id, template, recipient, trace_id, state, created_at, due_at)
       SELECT gen_random_uuid(), $1, 'already-registered', 'old@example.com', 'x', state, now() - interval '91 days',
         now() + interval '1 day' FROM unnest(ARRAY['sent', 'failed', 'queued']) AS state`,
      [id],
    );
    await roster.app.get(MailRetention, { strict: false }).removeExpired();
    expect((await mailsOf(id)).map(({ state }) => state).sort()).toEqual(['queued', 'sent']);
    await roster.database.query("DELETE FROM mails WHERE state = 'queued'");
  });
});

describe('a mail that is sent again', () => {
  it('is a mail of its own, with a link that works, and names the first and who wanted it', async () => {
    const email = 'again@example.com';
    await register(email);
    const userId = await idOf(email);
    const [first] = await settled(userId);
    const { body } = await resend(first!.id).expect(202);
    expect(body).toMatchObject({ state: 'queued', template: 'verify-email', resendOf: first!.id });
    expect(body).toMatchObject({ requestedBy: manager.id, recipient: email });
    expect(body.id).not.toBe(first!.id);

    const [one, other] = [await roster.inbox.waitFor(email), await roster.inbox.waitFor(email, 2)];
    expect(other.email.messageId).not.toBe(one.email.messageId);
    expect((await settled(userId)).map(({ state }) => state)).toEqual(['sent', 'sent']);
    await roster.api
      .post('/auth/verify-email')
      .send({ token: tokenIn(other) })
      .expect(200);
    await resend(first!.id).expect(409, /"mail-not-needed"/);
  });

  it('after it failed, leaves the failed one as it is', async () => {
    const { id } = await roster.join('failed@example.com');
    await roster.database.query(
      `UPDATE mails SET state = 'failed', last_error = '550 no such user', template = 'already-registered' WHERE user_id = $1`,
      [id],
    );
    const [failed] = await mailsOf(id);
    await resend(failed!.id).expect(202);
    expect(await settled(id)).toMatchObject([
      { state: 'sent', resendOf: failed!.id },
      { state: 'failed', reason: '550 no such user', attempts: 1 },
    ]);
  });

  it('goes to no address that is not the one of the account any more', async () => {
    const email = 'moved@example.com';
    const { id } = await roster.join(email);
    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    await roster.inbox.waitFor(email, 2);
    const [reset] = await settled(id);
    // As if it had been asked for under an address that somebody else has by now.
    await roster.database.query(`UPDATE mails SET recipient = 'former@example.com' WHERE id = $1`, [reset!.id]);
    await resend(reset!.id).expect(409, /"mail-not-needed"/);
    await roster.database.query(`UPDATE mails SET state = 'queued', due_at = now() WHERE id = $1`, [reset!.id]);
    const [late] = await settled(id);
    expect(late).toMatchObject({ state: 'failed', reason: expect.stringContaining('no longer needed') });
    expect(roster.inbox.to('former@example.com')).toEqual([]);
  });

  it('is so for those only who may see it', async () => {
    const [own] = await mailsOf(manager.id, admin);
    const user = await roster.join('outsider@example.com');
    const [theirs] = await mailsOf(user.id);
    await roster.api.post(`/mails/${theirs!.id}/resend`).expect(401);
    await resend(theirs!.id, user.token).expect(403);
    await resend(own!.id).expect(403);
    for (const id of ['019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', 'no-id']) await resend(id).expect(404);
    const denials = await roster.database.query(
      "SELECT user_id, what FROM auth_events WHERE type = 'access.denied' AND actor_id = $1 AND what LIKE '%/mails/%'",
      [user.id],
    );
    expect(denials).toEqual([{ user_id: null, what: 'POST /mails/:id/resend' }]);
  });
});

describe('what leaves', () => {
  it('says that a machine wrote it, and keeps one identity', async () => {
    await register('headers@example.com');
    const { raw, email } = await roster.inbox.waitFor('headers@example.com');
    const [row] = await roster.database.query<{ id: string }>(
      "SELECT id FROM mails WHERE recipient = 'headers@example.com'",
    );
    const header = (name: string) => new RegExp(`^${name}: (.*?)\\r?$`, 'im').exec(raw)?.[1];
    expect(header('Auto-Submitted')).toBe('auto-generated');
    expect(header('X-Auto-Response-Suppress')).toBe('All');
    expect(header('X-Idempotency-Key')).toBe(row!.id);
    expect(header('X-Entity-Ref-ID')).toBe(row!.id);
    expect(header('Message-ID')).toBe(`<${row!.id}@localhost>`);
    expect(header('List-Unsubscribe')).toBeUndefined();
    expect(email.from).toEqual({ name: 'Roster, Inc.', address: 'no-reply@roster.test' });
  });
});
