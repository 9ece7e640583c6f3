import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { MailLeases } from '../../src/mail/delivery/mail-leases.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

const mailsOf = (id: string, template = '%') =>
  roster.database.query<{ id: string; recipient: string; state: string }>(
    'SELECT id, recipient, state FROM mails WHERE user_id = $1 AND template LIKE $2 ORDER BY created_at DESC',
    [id, template],
  );
const untilSent = (id: string) => eventually(async () => (await mailsOf(id)).every(({ state }) => state !== 'queued'));

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
