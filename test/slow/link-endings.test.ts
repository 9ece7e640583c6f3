import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CHOSEN,
  LINK_KINDS,
  LINK_NAMES,
  type LinkKind,
  type LinkName,
  pageOf,
  usedStatus,
  useLink,
} from '../support/links.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let count = 0;
const fresh = () => `ending${++count}@example.com`;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const by = () => ({ authorization: `Bearer ${admin}` });
const act = (id: string, what: string) => roster.api.post(`/users/${id}/${what}`).set(by()).send({}).expect(200);
const remove = (id: string) => roster.api.delete(`/users/${id}`).set(by()).expect(204);
const asked = (name: LinkName, token: string) =>
  roster.api.get(LINK_KINDS[name].path).query({ token }).set('accept', 'application/json');

// A contact gives no right, and waits for its confirmation as long as its link is good.
const SHUT_OUT = LINK_NAMES.filter((name) => name !== 'confirm-contact');

/** What its page says is so: a link that is refused when it is used was not good when its page was opened. */
async function expectDead(name: LinkName, token: string, says?: RegExp): Promise<void> {
  const { body } = await asked(name, token).expect(410);
  if (says) expect((body as { detail: string }).detail).toMatch(says);
  expect((await pageOf(roster, name, token).expect(410)).text).not.toMatch(/You can sign in/);
  expect((await useLink(roster, name, token)).status).toBe(410);
}

describe.each(SHUT_OUT)('a link for %s', (name) => {
  const kind: LinkKind = LINK_KINDS[name];
  const toStranger = name === 'confirm-email-change';

  it('from before a suspension says that the account is suspended, and opens nothing after it either', async () => {
    const { token, userId } = await kind.mail(roster, fresh());
    await act(userId, 'suspend');
    await expectDead(name, token, toStranger ? /no longer valid/ : /^The account is suspended/);
    await act(userId, 'reinstate');
    await expectDead(name, token, /no longer valid/);
  });

  it('from before a deletion says that the account was deleted, and opens nothing after a restoration', async () => {
    const { token, userId } = await kind.mail(roster, fresh());
    await remove(userId);
    await expectDead(name, token, toStranger ? /no longer valid/ : /^The account was deleted/);
    if (!toStranger) {
      const page = await pageOf(roster, name, token).expect(410);
      expect(page.text).toMatch(/action="\/auth\/request-password-reset"[^]*Email me what I can do/);
    }
    await act(userId, 'restore');
    await expectDead(name, token, /no longer valid/);
  });

  it('that was used says nothing of signing in while the account is suspended or deleted', async () => {
    const { token, userId } = await kind.mail(roster, fresh());
    await useLink(roster, name, token).expect(usedStatus(name));
    await act(userId, 'suspend');
    await expectDead(name, token);
    await act(userId, 'reinstate');
    await remove(userId);
    await expectDead(name, token);
  });
});

describe('an invitation', () => {
  it('is over, and says so, once its address was proved by a link to sign in', async () => {
    const email = fresh();
    const { token } = await LINK_KINDS.invitation.mail(roster, email);
    await asked('invitation', token).expect(200);
    await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
    const magic = tokenIn(await roster.inbox.waitFor(email, 2));
    await useLink(roster, 'magic-link', magic).expect(200);
    await expectDead('invitation', token, /already confirmed, so the invitation is no longer needed/);
    const page = await pageOf(roster, 'invitation', token).expect(410);
    expect(page.text).toContain('action="/auth/request-password-reset"');
  });
});

describe('who is suspended', () => {
  it('may choose a password by a link that was asked for since, and is told at each step that it does not let them in', async () => {
    const email = fresh();
    const { id } = await roster.join(email);
    await act(id, 'suspend');
    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    const mail = await roster.inbox.about(email, /new password/i);
    expect(mail.text).toMatch(/account is suspended/);
    const token = tokenIn(mail);
    expect((await pageOf(roster, 'reset-password', token).expect(200)).text).toMatch(/account is suspended/);
    const done = await useLink(roster, 'reset-password', token).type('form').expect(200);
    expect(done.text).toMatch(/as soon as the account is no longer suspended/);
    expect(done.text).not.toMatch(/sign in with the new password now/);
  });

  it('is not told to sign in after confirming the address of a registration', async () => {
    for (const type of ['form', 'json'] as const) {
      const email = fresh();
      const { userId } = await LINK_KINDS['verify-email'].mail(roster, email);
      await act(userId, 'suspend');
      await roster.database.query('DELETE FROM address_throttle');
      await roster.api.post('/auth/resend-verification').send({ email }).expect(202);
      const token = tokenIn(await roster.inbox.waitFor(email, 2));
      // Its link was asked for anew, so the password is chosen by who reads the mails.
      const done = await roster.api
        .post('/auth/verify-email')
        .type(type)
        .send({ token, newPassword: CHOSEN })
        .expect(200);
      expect(done.text).toMatch(/account is suspended/);
      expect(done.text).not.toMatch(/sign in now/);
    }
  });
});

it('a registration that was confirmed, with a rival for its address, has no link that says it is good', async () => {
  const email = fresh();
  const { token } = await LINK_KINDS['verify-email'].mail(roster, email);
  await roster.database.query('DELETE FROM address_throttle');
  await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
  await roster.api.post('/auth/verify-email').send({ token, newPassword: CHOSEN }).expect(200);
  await asked('verify-email', token).expect(410);
});

it('an invitation that is accepted ends every other link of the account', async () => {
  const email = fresh();
  const { token, userId } = await LINK_KINDS.invitation.mail(roster, email);
  // By whoever read the mailbox for a moment.
  await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
  const reset = tokenIn(await roster.inbox.about(email, /password/i));
  await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
  const magic = tokenIn(await roster.inbox.about(email, /sign in/i));
  await asked('reset-password', reset).expect(200);
  await asked('magic-link', magic).expect(200);
  await useLink(roster, 'invitation', token).expect(200);
  await expectDead('reset-password', reset, /no longer valid/);
  await expectDead('magic-link', magic, /no longer valid/);
  await roster.signIn(email, CHOSEN);
  const links = await roster.database.query(
    'SELECT purpose FROM one_time_tokens WHERE user_id = $1 AND used_at IS NULL',
    [userId],
  );
  expect(links).toEqual([]);
});
