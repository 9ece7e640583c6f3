import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAILS_A_DAY } from '../../src/auth/one-time-tokens/address-throttle.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
// The proxy is this test.
beforeAll(async () => (roster = await startRoster({ TRUST_PROXY: '127.0.0.1' })));
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const jobsAreDone = async () =>
  (await roster.database.query('SELECT 1 FROM graphile_worker._private_jobs')).length === 0;

/** Asks for mails to the address until it has had its mails of the day, from several networks, a minute between each two. */
async function askForTheDay(route: string, email: string): Promise<void> {
  for (let asked = 0; asked < MAILS_A_DAY; asked++) {
    const ip = `198.51.100.${Math.floor(asked / 3)}`;
    await roster.api.post(`/auth/${route}`).set('x-forwarded-for', ip).send({ email }).expect(202);
    await eventually(jobsAreDone);
    await roster.database.query("UPDATE address_throttle SET last_mail_at = now() - interval '2 minutes'");
  }
}

/** What a user without rights sees of itself after asking for the address, as a contact and as its own. */
async function seenBy(name: string, email: string): Promise<object> {
  const { id, token } = await roster.join(`${name}@example.com`);
  const added = await roster.api
    .post(`/users/${id}/contacts`)
    .set(as(token))
    .send({ kind: 'email', value: email })
    .expect(201);
  await roster.api
    .put(`/users/${id}/email`)
    .set(as(token))
    .send({ newEmail: email, currentPassword: PASSWORD })
    .expect(202);
  const history = await roster.api.get(`/users/${id}/history`).set(as(token)).expect(200);
  await eventually(
    async () => (await roster.database.query("SELECT 1 FROM mails WHERE state = 'queued'")).length === 0,
  );
  return {
    contact: Object.keys(added.body as object).sort(),
    history: (history.body as { items: { type: string }[] }).items.map(({ type }) => type).sort(),
    mails: roster.inbox.to(`${name}@example.com`).map(({ email: mail }) => mail.subject),
  };
}

describe('Whoever used up the mails of an address', () => {
  it('for resets cannot tell by their own account whether the address has one', async () => {
    await roster.join('owned@example.org');
    await askForTheDay('request-password-reset', 'owned@example.org');
    await askForTheDay('request-password-reset', 'free@example.org');
    expect(await seenBy('one', 'free@example.org')).toEqual(await seenBy('other', 'owned@example.org'));
  });

  it('for fresh links cannot tell whether somebody has registered with it', async () => {
    await roster.api.post('/auth/register').send({ email: 'claimed@example.org', password: PASSWORD }).expect(202);
    await askForTheDay('resend-verification', 'claimed@example.org');
    await askForTheDay('resend-verification', 'unclaimed@example.org');
    expect(await seenBy('third', 'unclaimed@example.org')).toEqual(await seenBy('fourth', 'claimed@example.org'));
  });
});
