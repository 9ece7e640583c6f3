import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LINK_NAMES } from '../../src/config/link-urls.js';
import { CHOSEN, LINK_KINDS } from '../support/links.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const APP = 'https://app.example.com';
let roster: Roster;
let count = 0;
const fresh = () => `own${++count}@example.com`;
beforeAll(async () => {
  roster = await startRoster({
    HOSTED_PAGES: 'false',
    CORS_ORIGINS: APP,
    LINK_URLS: LINK_NAMES.map((name) => `${name}=${APP}/${name}?lang=en`).join('\n'),
  });
});
afterAll(() => roster.stop());

/** A single-page application of another origin: it has what stands in the address of its page, and what the API answers. */
async function open(mailed: { text: string }, name: string, path: string) {
  const [, token] =
    new RegExp(`^${APP}/${name}\\?lang=en#token=([0-9a-f]{32}\\.[A-Za-z0-9_-]{43})$`, 'm').exec(mailed.text) ?? [];
  expect(token).toBeDefined();
  // Nothing in the mail leads elsewhere.
  expect(mailed.text).not.toContain('/auth/');
  const headers = { origin: APP, 'sec-fetch-site': 'cross-site', accept: 'application/json' };
  const state = await roster.api.get(path).query({ token }).set(headers).expect(200);
  expect(state.headers['access-control-allow-origin']).toBe(APP);
  const use = (body: object) =>
    roster.api
      .post(path)
      .set(headers)
      .send({ token, ...body });
  return { state: state.body as Record<string, unknown>, use };
}

const newest = (email: string, subject: RegExp) => roster.inbox.about(email, subject);
const valid = { valid: true, expiresAt: expect.any(String) };

describe('an application with pages of its own can do all that links are for', () => {
  it('confirm a registration', async () => {
    const email = fresh();
    await LINK_KINDS['verify-email'].mail(roster, email);
    const page = await open(await newest(email, /confirm/i), 'verify-email', '/auth/verify-email');
    expect(page.state).toEqual({ ...valid, email, newPasswordRequired: false });
    await page.use({}).expect(200);
    await page.use({}).expect(410, /already-confirmed/);
    await roster.signIn(email, PASSWORD);
  });

  it('confirm a registration that has rivals, with a new password', async () => {
    const email = fresh();
    await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    await roster.inbox.waitFor(email);
    await roster.api.post('/auth/register').send({ email, password: PASSWORD, firstName: 'Rival' }).expect(202);
    const page = await open(await roster.inbox.waitFor(email, 2), 'verify-email', '/auth/verify-email');
    expect(page.state).toEqual({ ...valid, email, newPasswordRequired: true });
    await page.use({}).expect(409, /new-password-required/);
    const weak = await page.use({ newPassword: 'password' }).expect(400, /weak-password/);
    expect(weak.body.detail).toMatch(/password/i);
    await page.use({ newPassword: CHOSEN }).expect(200);
    await roster.signIn(email, CHOSEN);
  });

  it('accept an invitation', async () => {
    const email = fresh();
    await LINK_KINDS.invitation.mail(roster, email);
    const page = await open(await newest(email, /./), 'invitation', '/auth/accept-invitation');
    expect(page.state).toEqual({ ...valid, email });
    await page.use({ newPassword: CHOSEN }).expect(200);
    await roster.signIn(email, CHOSEN);
  });

  it('sign in by a link', async () => {
    const email = fresh();
    await LINK_KINDS['magic-link'].mail(roster, email);
    const page = await open(await newest(email, /sign in/i), 'magic-link', '/auth/magic-link');
    expect(page.state).toEqual({ ...valid, email });
    const signedIn = await page.use({ session: 'cookie' }).expect(200);
    expect(String(signedIn.headers['set-cookie'])).toMatch(/roster-session=/);
    expect(signedIn.body).toMatchObject({ user: { email } });
  });

  it('choose a new password', async () => {
    const email = fresh();
    await LINK_KINDS['reset-password'].mail(roster, email);
    const page = await open(await newest(email, /password/i), 'reset-password', '/auth/reset-password');
    expect(page.state).toEqual({ ...valid, email });
    await page.use({ newPassword: CHOSEN }).expect(204);
    await roster.signIn(email, CHOSEN);
  });

  it.each([true, false])('change an address, by its owner: %s', async (isByOwner) => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    const by = isByOwner ? token : await roster.signIn();
    const change = { newEmail: `new-${email}`, ...(isByOwner && { currentPassword: PASSWORD }) };
    await roster.api
      .put(`/users/${id}/email`)
      .set({ authorization: `Bearer ${by}` })
      .send(change)
      .expect(202);
    const mail = await roster.inbox.waitFor(change.newEmail);
    const page = await open(mail, 'confirm-email-change', '/auth/confirm-email-change');
    expect(page.state).toEqual({
      ...valid,
      email: change.newEmail,
      // The password of somebody whom an admin gives another address may be known to who had the old one.
      newPasswordRequired: !isByOwner,
      currentPasswordRequired: isByOwner,
    });
    await page.use(isByOwner ? { currentPassword: PASSWORD } : { newPassword: CHOSEN }).expect(200);
    await roster.signIn(change.newEmail, isByOwner ? PASSWORD : CHOSEN);
  });

  it('confirm a contact', async () => {
    const email = fresh();
    await LINK_KINDS['confirm-contact'].mail(roster, email);
    const page = await open(await roster.inbox.waitFor(`also-${email}`), 'confirm-contact', '/auth/confirm-contact');
    expect(page.state).toEqual({ ...valid, email: `also-${email}` });
    await page.use({}).expect(200);
  });

  it('end a lockout, and be a known device from then on', async () => {
    const email = fresh();
    await LINK_KINDS.unlock.mail(roster, email);
    const page = await open(await newest(email, /wrong passwords/), 'unlock', '/auth/unlock');
    expect(page.state).toEqual({ ...valid, email: null });
    const { body } = await page.use({}).expect(200);
    const { deviceToken } = body as { deviceToken: string };
    await roster.api.post('/auth/login').send({ email, password: PASSWORD, deviceToken }).expect(200);
  });

  it('restore an account', async () => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    await roster.api
      .delete(`/users/${id}`)
      .set({ authorization: `Bearer ${token}` })
      .expect(204);
    await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
    // After the registration, and the one that says that the account is deleted.
    const page = await open(await roster.inbox.waitFor(email, 3), 'restore-account', '/auth/restore-account');
    expect(page.state).toEqual({ ...valid, email });
    await page.use({}).expect(200);
    await roster.signIn(email, PASSWORD);
  });
});

it('leads from the "Sign in" of a mail to the page of the application', async () => {
  const email = fresh();
  await roster.join(email);
  await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
  expect((await newest(email, /account/i)).text).toContain(`${APP}/sign-in?lang=en`);
});
