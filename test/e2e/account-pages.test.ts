import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { tokenIn } from '../support/inbox.js';
import { PageBrowser } from '../support/page-browser.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { textOf, valueOf, Visitor } from '../support/visitor.js';

const NEXT = 'seven idle boats on slate water';
const NOBODY = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

let people = 0;
let email: string;
let me: { id: string; token: string };
let visitor: Visitor;
beforeEach(async () => {
  people += 1;
  email = `person-${people}@example.com`;
  me = await roster.join(email, { firstName: 'Ada', lastName: 'Lovelace' });
  visitor = await Visitor.signedIn(roster, email);
});

const bearer = () => ({ authorization: `Bearer ${me.token}` });
const stored = async (path = ''): Promise<Record<string, unknown>> =>
  (await roster.api.get(`/users/${me.id}${path}`).set(bearer()).expect(200)).body as Record<string, unknown>;
const routes = () =>
  declaredRoutes(roster.app.get(DiscoveryService, { strict: false }), new MetadataScanner()).filter(
    ({ path, role }) => path.startsWith('/account') && role === 'AUTHENTICATED',
  );
const pathOf = (path: string): string => path.replace(/:\w+/g, NOBODY);
const PAGES = [
  ...['', '/profile', '/addresses', '/password', '/devices', '/applications', '/activity', '/mails', '/data'],
];
const PROFILE = { firstName: 'Ada', lastName: 'Lovelace' };

describe('the pages of the account', () => {
  it('are in the reader’s language, and nobody keeps them', async () => {
    for (const path of PAGES) {
      visitor.headers = { 'accept-language': 'en' };
      const english = await visitor.open(`/account${path}`);
      expect([path, english.status]).toEqual([path, 200]);
      expect(english.text).toContain('<html lang="en">');
      expect(english.text.match(/<h1>/g)).toHaveLength(1);
      expect(english.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
      visitor.headers = { 'accept-language': 'de-AT, en;q=0.5' };
      expect((await visitor.open(`/account${path}`)).text).toContain('<html lang="de">');
    }
  });

  it('lead somebody who is not signed in to the sign-in page and back, by every route', async () => {
    for (const { method, path } of routes()) {
      const nobody = new PageBrowser(roster);
      const response = method === 'GET' ? await nobody.open(pathOf(path)) : await nobody.post(pathOf(path));
      expect([path, response.status]).toEqual([path, 303]);
      expect(response.location).toMatch(/^\/sign-in(\?continue=%2Faccount|$)/);
    }
  });

  it('lead to the sign-in page once the session has ended elsewhere, and change nothing', async () => {
    await roster.api.delete(`/users/${me.id}/sessions`).set(bearer()).expect(204);
    const response = await visitor.post('/account/profile', { ...PROFILE, version: '1' });
    expect(response.status).toBe(303);
    expect(response.location).toMatch(/^\/sign-in/);
  });

  it('accept a form from our own pages alone, by every route', async () => {
    const sources: [string, Record<string, string>, boolean][] = [
      ['same-origin', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' }, true],
      ['an old browser', { origin: 'http://localhost:3000' }, true],
      ['same-site', { 'sec-fetch-site': 'same-site', origin: 'http://neighbour.localhost:3000' }, false],
      ['cross-site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
      ['none', { 'sec-fetch-site': 'none' }, false],
      ['a null origin', { origin: 'null' }, false],
      ['no header', {}, false],
    ];
    const before = await stored();
    for (const { path } of routes().filter(({ method }) => method === 'POST')) {
      for (const [source, headers, isOwn] of sources) {
        if (isOwn) continue;
        const { status, text } = await visitor.copy().post(pathOf(path), {}, headers);
        expect([path, source, status, text.includes('did not come from')]).toEqual([path, source, 403, false]);
      }
    }
    expect(await stored()).toEqual(before);
    for (const [, headers, isOwn] of sources) {
      const { status } = await visitor.post(
        '/account/profile',
        { ...PROFILE, version: String(before.version) },
        headers,
      );
      expect(status).toBe(isOwn ? 303 : 403);
    }
  });
});

describe('the overview', () => {
  it('says who one is, and what is worth doing', async () => {
    await visitor.send('/account/contacts', { kind: 'email', value: `work-${email}` });
    const text = textOf(await visitor.open('/account'));
    expect(text).toContain('Ada Lovelace');
    expect(text).toContain(email);
    expect(text).toContain(`We sent a link to work-${email}`);
    expect(text).not.toMatch(/Administrator|Manager/);
    const admin = await Visitor.signedIn(roster, ADMIN.email, ADMIN.password);
    expect(textOf(await admin.open('/account'))).toContain('Administrator');
  });
});

describe('the profile', () => {
  it('is saved as a whole, and says so once', async () => {
    const shown = await visitor.open('/account/profile');
    const form = { version: valueOf(shown, 'version'), firstName: 'Augusta', bio: 'One.\r\nTwo.', locale: 'de-AT' };
    const saved = await visitor.send('/account/profile', form);
    expect(saved.text).toContain('Ihr Profil ist gespeichert.');
    expect(await stored()).toMatchObject({ firstName: 'Augusta', lastName: null, bio: 'One.\nTwo.', locale: 'de-AT' });
    expect((await visitor.open('/account/profile')).text).not.toContain('Ihr Profil ist gespeichert.');
  });

  it('comes back with what was entered where a field is wrong', async () => {
    const version = valueOf(await visitor.open('/account/profile'), 'version');
    const refused = await visitor.post('/account/profile', { ...PROFILE, version, githubUrl: 'github.com/<ada>' });
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(/value="github.com\/&lt;ada&gt;"[^>]* aria-invalid="true"/);
    expect(textOf(refused)).toContain('Enter an address such as https://github.com/name.');
    const long = await visitor.post('/account/profile', { ...PROFILE, version, firstName: 'x'.repeat(101) });
    expect([long.status, valueOf(long, 'firstName')]).toEqual([400, 'x'.repeat(101)]);
    expect(await stored()).toMatchObject({ firstName: 'Ada', githubUrl: null });
  });

  it('is not overwritten by another window, which shows what was saved meanwhile', async () => {
    const version = valueOf(await visitor.open('/account/profile'), 'version');
    await visitor.send('/account/profile', { ...PROFILE, version, firstName: 'Augusta' });
    const late = await visitor.post('/account/profile', { ...PROFILE, version, nickname: 'ada' });
    expect(late.status).toBe(412);
    expect(textOf(late)).toContain('was changed in another window');
    expect(textOf(late)).toMatch(/Meanwhile saved: Augusta/);
    expect(valueOf(late, 'firstName')).toBe('Ada');
    expect(await stored()).toMatchObject({ firstName: 'Augusta', nickname: null });
    // Now it is known.
    await visitor.send('/account/profile', { ...PROFILE, version: valueOf(late, 'version'), nickname: 'ada' });
    expect(await stored()).toMatchObject({ firstName: 'Ada', nickname: 'ada' });
  });

  it('does not mind a form that is sent twice, nor a change of something else', async () => {
    const form = { ...PROFILE, nickname: 'ada', version: valueOf(await visitor.open('/account/profile'), 'version') };
    await visitor.send('/account/contacts', { kind: 'phone', value: '+442079460958' });
    await Promise.all([visitor.send('/account/profile', form), visitor.copy().send('/account/profile', form)]);
    await visitor.send('/account/profile', form);
    const { items } = await stored('/history?type=user.updated');
    expect(items).toHaveLength(1);
  });

  it('treats a version that it never had as one that is out of date', async () => {
    for (const version of ['', '0', '99999', 'x', '-1', '1.5']) {
      const response = await visitor.post('/account/profile', { ...PROFILE, version, firstName: 'Else' });
      expect([version, response.status]).toEqual([version, 412]);
    }
  });

  it('has a username, which one may keep and nobody else may have', async () => {
    const name = `ada-${people}`;
    for (let time = 0; time < 2; time += 1) {
      const done = await visitor.send('/account/username', { newUsername: name });
      expect(textOf(done)).toContain('Your username is changed.');
    }
    expect(await stored()).toMatchObject({ username: name });
    const other = await roster.join(`other-${email}`);
    const theirs = await Visitor.signedIn(roster, `other-${email}`);
    const taken = await theirs.post('/account/username', { newUsername: name });
    expect([taken.status, valueOf(taken, 'newUsername')]).toEqual([409, name]);
    expect(textOf(taken)).toContain('This username is taken.');
    expect((await theirs.post('/account/username', { newUsername: 'x' })).status).toBe(400);
    expect(other.id).not.toBe(me.id);
  });
});

describe('addresses', () => {
  it('change by a link to the new one, with the current password', async () => {
    const wrong = await visitor.post('/account/email', { newEmail: `new-${email}`, currentPassword: NEXT });
    expect([wrong.status, valueOf(wrong, 'newEmail')]).toEqual([403, `new-${email}`]);
    expect(textOf(wrong)).toContain('This is not your current password.');
    expect(wrong.text).not.toContain(NEXT);
    const same = await visitor.post('/account/email', { newEmail: email, currentPassword: PASSWORD });
    expect(textOf(same)).toContain('This is your email address already.');
    const form = { newEmail: `new-${email}`, currentPassword: PASSWORD };
    expect(textOf(await visitor.send('/account/email', form))).toContain('We sent a link to the new address.');
    const token = tokenIn(await roster.inbox.waitFor(`new-${email}`));
    await roster.api.post('/auth/confirm-email-change').send({ token, currentPassword: PASSWORD }).expect(200);
    expect(textOf(await visitor.open('/account/addresses'))).toContain(`new-${email}`);
  });

  it('and numbers are added, confirmed and removed', async () => {
    const work = `work-${email}`;
    const added = await visitor.send('/account/contacts', { kind: 'email', value: work, label: 'Work' });
    expect(textOf(added)).toMatch(/We sent a link to it.*not confirmed Work Send link again/);
    await roster.inbox.waitFor(work);
    const again = await visitor.post('/account/contacts', { kind: 'email', value: work, label: 'Work' });
    expect([again.status, valueOf(again, 'value')]).toEqual([409, work]);
    const wrong = await visitor.post('/account/contacts', { kind: 'phone', value: '12' });
    expect([wrong.status, valueOf(wrong, 'value')]).toEqual([400, '12']);
    await visitor.send('/account/contacts', { kind: 'phone', value: '+442079460958' });
    const [contact] = (await stored('/contacts')).items as { id: string }[];
    await visitor.send(`/account/contacts/${contact!.id}/resend`);
    for (let time = 0; time < 2; time += 1) {
      const removed = await visitor.send(`/account/contacts/${contact!.id}/remove`);
      expect(textOf(removed)).toContain('The entry is removed.');
    }
    expect(await stored('/contacts')).toMatchObject({ items: [{ value: '+442079460958' }] });
  });

  it('of another person are out of reach', async () => {
    const other = await roster.join(`other-${email}`);
    const contact = { kind: 'email', value: `theirs-${email}` };
    const as = { authorization: `Bearer ${other.token}` };
    const { body } = await roster.api.post(`/users/${other.id}/contacts`).set(as).send(contact).expect(201);
    const before = await roster.api.get(`/users/${other.id}`).set(as).expect(200);
    const { id } = body as { id: string };
    expect((await visitor.post(`/account/contacts/${id}/resend`)).status).toBe(404);
    expect((await visitor.post(`/account/contacts/${id}/remove`)).status).toBe(303);
    expect((await roster.api.get(`/users/${other.id}`).set(as).expect(200)).body).toEqual(before.body);
  });
});

describe('the password', () => {
  it('changes with the current one, and signs out everywhere but here', async () => {
    const elsewhere = await Visitor.signedIn(roster, email);
    const wrong = await visitor.post('/account/password', { currentPassword: NEXT, newPassword: NEXT });
    expect([wrong.status, wrong.text.includes(NEXT)]).toEqual([403, false]);
    expect(textOf(wrong)).toContain('This is not your current password.');
    const weak = await visitor.post('/account/password', { currentPassword: PASSWORD, newPassword: 'password1234' });
    expect([weak.status, weak.text.includes('password1234')]).toEqual([400, false]);
    expect(weak.text).toMatch(/name="newPassword"[^>]* aria-invalid="true"/);
    const done = await visitor.send('/account/password', { currentPassword: PASSWORD, newPassword: NEXT });
    expect(textOf(done)).toContain('Your password is changed.');
    expect((await elsewhere.open('/account')).status).toBe(303);
    await Visitor.signedIn(roster, email, NEXT);
  });

  it('is set by a mailed link where there is none, or it is forgotten', async () => {
    expect(textOf(await visitor.send('/account/password/link'))).toContain('We sent you a link');
    const token = tokenIn(await roster.inbox.about(email, /new password/));
    await roster.api.post('/auth/reset-password').send({ token, newPassword: NEXT }).expect(204);
  });
});

describe('devices', () => {
  it('are listed with this one, and signed out one by one or all', async () => {
    const others = [await Visitor.signedIn(roster, email), await Visitor.signedIn(roster, email)];
    const page = await visitor.open('/account/devices');
    expect(page.text.match(/this device/g)).toHaveLength(1);
    const [, one] = /action="\/account\/devices\/([0-9a-f-]{36})\/sign-out"/.exec(page.text) ?? [];
    for (let time = 0; time < 2; time += 1) {
      const done = await visitor.send(`/account/devices/${one}/sign-out`);
      expect(textOf(done)).toContain('The device is signed out.');
    }
    await visitor.send('/account/devices/sign-out-others');
    for (const other of others) expect((await other.open('/account')).status).toBe(303);
    expect((await visitor.open('/account')).status).toBe(200);
    expect((await visitor.open('/account/devices')).text).not.toContain('sign-out-others');
  });

  it('of another person are out of reach', async () => {
    const other = await roster.join(`other-${email}`);
    const as = { authorization: `Bearer ${other.token}` };
    const { body } = await roster.api.get('/auth/sessions').set(as).expect(200);
    const { items } = body as { items: { id: string }[] };
    for (const { id } of items) await visitor.post(`/account/devices/${id}/sign-out`);
    await roster.api.get('/users/me').set(as).expect(200);
  });
});

describe('activity', () => {
  it('shows sign-ins, failed ones too, a page at a time', async () => {
    await roster.api.post('/auth/login').send({ identifier: email, password: NEXT }).expect(401);
    await Visitor.signedIn(roster, email);
    const text = textOf(await visitor.open('/account/activity'));
    expect(text).toMatch(/Signed in with your password .*Failed sign-in/);
    const first = await visitor.open('/account/activity?limit=1');
    const [, older] = /rel="next" href="([^"]*)"/.exec(first.text) ?? [];
    const second = await visitor.open((older ?? '').replaceAll('&amp;', '&').replaceAll('&#x3D;', '='));
    expect(second.status).toBe(200);
    expect(second.text).toContain('rel="prev"');
  });

  it('shows the mails that were sent, without what they say', async () => {
    const text = textOf(await visitor.open('/account/mails'));
    expect(text).toContain(`Confirm your email address`);
    expect(text).toContain(`to ${email}`);
    expect(text).not.toMatch(/token|250 /);
  });
});

describe('the data', () => {
  it('is downloaded as the API exports it', async () => {
    const download = await visitor.open('/account/export');
    expect(download.status).toBe(200);
    expect(download.headers['content-disposition']).toBe(`attachment; filename="user-${me.id}.json"`);
    const { data } = JSON.parse(download.text) as { data: object };
    expect(Object.keys(data)).toEqual(Object.keys(((await stored('/export')) as { data: object }).data));
  });

  it('is deleted only by somebody who is sure, and the browser is signed out', async () => {
    const unsure = await visitor.post('/account/delete');
    expect([unsure.status, unsure.text.includes('Tick the box')]).toEqual([400, true]);
    const done = await visitor.send('/account/delete', { sure: 'yes' });
    expect(textOf(done)).toContain('Your account is deleted');
    expect(visitor.cookies.get('roster-session')).toBeUndefined();
    await roster.api.get('/users/me').set(bearer()).expect(401);
  });

  it('stays where its person is the last admin', async () => {
    const admin = await Visitor.signedIn(roster, ADMIN.email, ADMIN.password);
    const refused = await admin.post('/account/delete', { sure: 'yes' });
    expect(refused.status).toBe(409);
    expect(textOf(refused)).toContain('You are the last administrator who can sign in.');
  });
});
