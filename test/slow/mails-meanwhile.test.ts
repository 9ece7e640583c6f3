import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ERASED_ADDRESS } from '../../src/mail/delivery/erased-addresses.js';
import { MailLeases } from '../../src/mail/delivery/mail-leases.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { beforeCommit, countWaiting } from '../support/meanwhile.js';
import { Receiver } from '../support/receiver.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';
import { Webhooks } from '../support/webhooks.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const erase = (id: string) => roster.api.post(`/users/${id}/erase`).set(as(admin));
const mailsOf = (id: string, template = '%') =>
  roster.database.query<{ id: string; recipient: string; state: string }>(
    'SELECT id, recipient, state FROM mails WHERE user_id = $1 AND template LIKE $2 ORDER BY created_at DESC',
    [id, template],
  );
const untilSent = (id: string) => eventually(async () => (await mailsOf(id)).every(({ state }) => state !== 'queued'));
const resend = (mailId: string) => roster.api.post(`/mails/${mailId}/resend`).set(as(admin));

describe('While a person is erased, no mail to them is queued', () => {
  /** Does something that queues a mail to a user, after an erasure has locked them and before it is committed. */
  const whileErased = (id: string, work: () => void) =>
    beforeCommit(
      roster.database,
      ['SELECT FROM mails WHERE user_id = $1 FOR UPDATE', id],
      () => erase(id).expect(204),
      async () => {
        work();
        await eventually(async () => (await countWaiting(roster.database)) > 1);
      },
    );

  it('again', async () => {
    const { id } = await roster.join('again@example.com');
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: 'x' }).expect(200);
    await untilSent(id);
    const [mail] = await mailsOf(id);
    let resent = Promise.resolve(0);
    await whileErased(id, () => {
      resent = resend(mail!.id).then(({ status }) => status);
    });
    expect(await resent).toBe(404);
    expect(await mailsOf(id)).toEqual([]);
  });

  it('by what somebody else causes', async () => {
    const { id } = await roster.join('other-admin@example.com');
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const hooks = new Webhooks(roster, admin);
    await hooks.settle();
    const receiver = await Receiver.start();
    receiver.answer = receiver.hold;
    await hooks.add(receiver.url);
    await roster.api.post('/users').set(as(admin)).send({ firstName: 'Ada' }).expect(201);
    await receiver.waitFor(1);
    // Disables the webhook, which every admin is told of.
    await whileErased(id, () => receiver.release(410));
    await roster.inbox.about(ADMIN.email, /webhook/i);
    await receiver.stop();
    expect(await mailsOf(id)).toEqual([]);
  });

  it('nor one to their address, which somebody else has as a contact', async () => {
    const gone = await roster.join('gone@example.com');
    const { id, token } = await roster.join('knows@example.com');
    const contact = { kind: 'email', value: 'gone@example.com' };
    await roster.api.post(`/users/${id}/contacts`).set(as(token)).send(contact).expect(201);
    await untilSent(id);
    const [mail] = await mailsOf(id, 'confirm-contact');
    const lock = 'SELECT FROM users WHERE id = $1 FOR UPDATE';
    const again = () => resend(mail!.id).expect(202);
    await beforeCommit(roster.database, [lock, id], again, () => erase(gone.id).expect(204));
    const recipients = (await mailsOf(id, 'confirm-contact')).map(({ recipient }) => recipient);
    expect(recipients).toEqual([ERASED_ADDRESS, ERASED_ADDRESS]);
  });
});

it('A mail that was leased before its user changed the address takes no link that was issued afterwards', async () => {
  const [before, after] = ['before@example.com', 'after@example.com'];
  const { id, token } = await roster.join(before);
  const change = { newEmail: after, currentPassword: PASSWORD };
  await roster.api.put(`/users/${id}/email`).set(as(token)).send(change).expect(202);
  const link = tokenIn(await roster.inbox.waitFor(after));
  await untilSent(id);

  const { leaseDue } = MailLeases.prototype;
  const [isLeased, goOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  jest.spyOn(MailLeases.prototype, 'leaseDue').mockImplementation(async function (this: MailLeases, count) {
    const mails = await leaseDue.call(this, count);
    if (mails.length > 0) {
      isLeased.resolve(undefined);
      await goOn.promise;
    }
    return mails;
  });
  const had = roster.inbox.to(before).length;
  await roster.api.post('/auth/request-password-reset').send({ email: before }).expect(202);
  await isLeased.promise;
  const confirmation = { token: link, currentPassword: PASSWORD };
  await roster.api.post('/auth/confirm-email-change').set(as(token)).send(confirmation).expect(200);
  await roster.api.post('/auth/request-password-reset').send({ email: after }).expect(202);
  const isQueued = async () =>
    (await mailsOf(id)).some(({ recipient, state }) => recipient === after && state === 'queued');
  await eventually(isQueued);
  goOn.resolve(undefined);

  tokenIn(await roster.inbox.linkAfter(after, 1));
  await untilSent(id);
  const later = roster.inbox.to(before).slice(had);
  expect(later.map(({ text }) => text).join()).not.toMatch(/token=/);
});
