import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, codeOf, freshCode, ticketOf } from '../support/totp.js';
import { textOf, valueOf, Visitor } from '../support/visitor.js';

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
  me = await roster.join(email);
  visitor = await Visitor.signedIn(roster, email);
});

/** As if the last proof of who they are were an hour old. */
const age = (id = me.id) =>
  roster.database.query(`UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = $1`, [id]);
const factors = async (): Promise<{ items: { kind: string }[]; recoveryCodesLeft: number }> => {
  const { body } = await roster.api
    .get('/users/me/factors')
    .set({ authorization: `Bearer ${me.token}` })
    .expect(200);
  return body as { items: { kind: string }[]; recoveryCodesLeft: number };
};
/** As if the second factor had been presented in the browser, too. */
const presentFactor = () =>
  roster.database.query(`UPDATE sessions SET amr = '{pwd,otp,mfa}' WHERE user_id = $1`, [me.id]);
const codesOn = ({ text }: { readonly text: string }): string[] =>
  [...text.matchAll(/<li><code>([^<]*)<\/code>/g)].map(([, code]) => code ?? '');

describe('an authenticator app', () => {
  it('is set up by its QR code or key, and comes with recovery codes that are shown once', async () => {
    expect(textOf(await visitor.open('/account'))).toContain('Add a second factor');
    const setup = await visitor.send('/account/authenticator');
    const [, secret = ''] = /<code class="whole">([A-Z2-7]{32})<\/code>/.exec(setup.text) ?? [];
    expect(setup.text).toMatch(/<div class="qr"[^>]*><svg /);
    expect(setup.text).toMatch(new RegExp(`href="otpauth://totp/[^"]*secret&#x3D;${secret}&`));
    // Loading the page again begins nothing anew.
    expect((await visitor.open('/account/authenticator')).text).toContain(secret);

    const wrong = await visitor.post('/account/authenticator/confirm', { code: '000000' });
    expect([wrong.status, wrong.text.includes(secret)]).toEqual([403, true]);
    expect(textOf(wrong)).toContain('This code is wrong');
    const done = await visitor.post('/account/authenticator/confirm', { code: await codeOf(secret) });
    expect(done.status).toBe(200);
    const codes = codesOn(done);
    expect(new Set(codes).size).toBe(10);
    const [, file = ''] = /download="recovery-codes.txt" href="data:[^,]*,([^"]*)"/.exec(done.text) ?? [];
    for (const code of codes) expect(decodeURIComponent(file)).toContain(`${code}\r\n`);
    expect(await factors()).toMatchObject({ items: [{ kind: 'totp' }], recoveryCodesLeft: 10 });

    // Sent twice.
    await presentFactor();
    const again = await visitor.send('/account/authenticator/confirm', { code: await codeOf(secret) });
    expect(textOf(again)).toMatch(/Codes from an app.*Codes left: 10/);
    for (const code of codes) expect(again.text).not.toContain(code);
    expect((await visitor.open('/account/authenticator')).location).toBe('/account/security');
  });

  it('is removed, and so are its recovery codes', async () => {
    await addTotp(roster, me.token);
    await presentFactor();
    for (let time = 0; time < 2; time += 1) {
      const removed = await visitor.send('/account/authenticator/remove');
      expect(textOf(removed)).toContain('The authenticator app is removed.');
    }
    expect(await factors()).toEqual({ items: [], recoveryCodesLeft: 0 });
  });

  it('has new recovery codes, after which the old ones do not work', async () => {
    const { recoveryCodes } = await addTotp(roster, me.token);
    await presentFactor();
    const codes = codesOn(await visitor.post('/account/recovery-codes'));
    expect(codes.filter((code) => recoveryCodes.includes(code))).toEqual([]);
    await age();
    const form = { method: 'recovery-code', continue: '/account/security' };
    expect((await visitor.post('/account/confirm', { ...form, code: recoveryCodes[0] ?? '' })).status).toBe(403);
    expect((await visitor.post('/account/confirm', { ...form, code: codes[0] ?? '' })).status).toBe(303);
  });
});

describe('a remembered device', () => {
  it('is listed with the devices, and forgotten', async () => {
    const { secret } = await addTotp(roster, me.token);
    const first = await roster.api.post('/auth/login').send({ identifier: email, password: PASSWORD });
    const code = await freshCode(roster, secret, me.id);
    const proof = { token: ticketOf(first), method: 'totp', code, rememberDevice: true };
    await roster.api.post('/auth/second-factor').send(proof).expect(200);
    const page = await visitor.open('/account/devices');
    expect(textOf(page)).toContain('On these you sign in without your second factor.');
    const [, path = ''] = /action="(\/account\/devices\/remembered\/[^"]*)"/.exec(page.text) ?? [];
    for (let time = 0; time < 2; time += 1) {
      expect(textOf(await visitor.send(path))).toContain('The device is forgotten.');
    }
    expect((await visitor.open('/account/devices')).text).not.toContain('remembered');
  });
});

describe('ways to sign in', () => {
  it('are listed, and a password is removed where the mailed link stays', async () => {
    const text = textOf(await visitor.open('/account/security'));
    expect(text).toMatch(/Password Set .* Mailed link/);
    for (let time = 0; time < 2; time += 1) {
      const removed = await visitor.send('/account/methods/password/remove');
      expect(textOf(removed)).toContain('The sign-in method is removed.');
    }
    expect(textOf(await visitor.open('/account/password'))).toContain('You sign in without a password.');
    expect(textOf(await visitor.open('/account/addresses'))).toContain('set a password');
  });

  it('stay where they cannot be removed', async () => {
    const refused = await visitor.post('/account/methods/magic-link/remove');
    expect(refused.status).toBe(409);
    expect(textOf(refused)).toContain('Sign-in and security');
  });

  it('that are passkeys of another person cannot be renamed or removed', async () => {
    const nobody = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
    expect((await visitor.open(`/account/passkeys/${nobody}`)).status).toBe(404);
    expect((await visitor.post(`/account/passkeys/${nobody}`, { name: 'Mine' })).status).toBe(404);
    expect((await visitor.post(`/account/passkeys/${nobody}/remove`)).status).toBe(303);
  });
});

describe('an act that takes a fresh proof', () => {
  const ACTS = [
    ['/account/username', { newUsername: 'countess' }],
    ['/account/delete', { sure: 'yes' }],
    ['/account/methods/password/remove', {}],
    ['/account/authenticator', {}],
    ['/account/authenticator/confirm', { code: '000000' }],
    ['/account/authenticator/remove', {}],
    ['/account/recovery-codes', {}],
    ['/account/passkeys/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/remove', {}],
  ] as const;

  it('leads to a page that asks for it', async () => {
    await age();
    const headers = { 'sec-fetch-site': 'same-origin', referer: 'http://localhost:3000/account/security' };
    for (const [path, form] of ACTS) {
      const { status, location } = await visitor.post(path, form, headers);
      expect([path, status, location]).toEqual([path, 303, '/account/confirm?continue=%2Faccount%2Fsecurity']);
    }
    for (const path of ['/account/export', '/account/authenticator']) {
      const { status, location } = await visitor.open(path);
      expect([path, status, location]).toEqual([path, 303, expect.stringMatching(/^\/account\/confirm\?continue=/)]);
    }
    await roster.api
      .get('/users/me')
      .set({ authorization: `Bearer ${me.token}` })
      .expect(200);
  });

  it('keeps what was entered, and the cookie has a new value', async () => {
    await age();
    const headers = { 'sec-fetch-site': 'same-origin', referer: 'http://localhost:3000/account/profile' };
    const detour = await visitor.post('/account/username', { newUsername: `countess-${people}` }, headers);
    const page = await visitor.open(detour.location ?? '');
    expect(textOf(page)).toContain('Confirm that it is you');
    expect(page.text).not.toContain('one-time-code');
    const form = { method: 'password', continue: valueOf(page, 'continue') };
    const wrong = await visitor.post('/account/confirm', { ...form, password: 'not this one at all' });
    expect([wrong.status, wrong.text.includes('not this one')]).toEqual([403, false]);
    expect(wrong.text).toMatch(/name="password"[^>]* aria-invalid="true"/);
    expect(valueOf(wrong, 'continue')).toBe('/account/profile');

    const [before, thief] = [visitor.cookies.get('roster-session'), visitor.copy()];
    const back = await visitor.send('/account/confirm', { ...form, password: PASSWORD });
    expect(textOf(back)).toContain('You can now make the change.');
    expect(valueOf(back, 'newUsername')).toBe(`countess-${people}`);
    expect(visitor.cookies.get('roster-session')).not.toBe(before);
    expect((await thief.open('/account')).status).toBe(303);
    await visitor.send('/account/username', { newUsername: `countess-${people}` });
    // Once.
    expect(visitor.cookies.get('roster-draft')).toBeUndefined();
  });

  it('shows nobody what somebody else has entered', async () => {
    await age();
    const headers = { 'sec-fetch-site': 'same-origin', referer: 'http://localhost:3000/account/addresses' };
    await addTotp(roster, await roster.signIn(email, PASSWORD));
    await visitor.post('/account/email', { newEmail: 'secret@example.com', currentPassword: PASSWORD }, headers);
    const draft = visitor.cookies.get('roster-draft') ?? '';
    expect(Buffer.from(draft, 'base64url').toString()).toContain('secret@example.com');
    expect(Buffer.from(draft, 'base64url').toString()).not.toContain(PASSWORD);
    await roster.join(`other-${email}`);
    const other = await Visitor.signedIn(roster, `other-${email}`);
    other.cookies.set('roster-draft', draft);
    expect((await other.open('/account/addresses')).text).not.toContain('secret@example.com');
    for (const rubbish of [
      'x',
      '%%',
      Buffer.from('[1').toString('base64url'),
      Buffer.from('null').toString('base64url'),
    ]) {
      other.cookies.set('roster-draft', rubbish);
      expect((await other.open('/account/addresses')).status).toBe(200);
    }
  });

  it('wants the second factor of somebody who has one, and not the password', async () => {
    const { secret } = await addTotp(roster, me.token);
    const page = await visitor.open('/account/confirm?continue=%2Faccount%2Fdata');
    expect(page.text).toContain('autocomplete="one-time-code"');
    expect(page.text).not.toContain('name="password"');
    const tried = await visitor.post('/account/confirm', { method: 'password', password: PASSWORD });
    expect(tried.text).toContain('autocomplete="one-time-code"');
    expect((await visitor.post('/account/delete', { sure: 'yes' })).status).toBe(303);
    const passwords = { currentPassword: PASSWORD, newPassword: 'seven idle boats on slate water' };
    expect((await visitor.post('/account/password', passwords)).location).toMatch(/^\/account\/confirm/);
    const code = await freshCode(roster, secret, me.id);
    const form = { method: 'totp', code, continue: '/account/data' };
    expect(textOf(await visitor.send('/account/confirm', form))).toContain('Download your data');
    expect((await visitor.open('/account/export')).status).toBe(200);
  });

  it('leads on to pages of ours alone', async () => {
    for (const target of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example/',
      'javascript:alert(1)',
      '',
      'x',
    ]) {
      await age();
      const page = await visitor.open(`/account/confirm?continue=${encodeURIComponent(target)}`);
      expect(valueOf(page, 'continue')).toBe('/account');
      const sent = { method: 'password', password: PASSWORD, continue: target };
      expect((await visitor.post('/account/confirm', sent)).location).toBe('/account');
    }
    // Nothing to confirm.
    expect((await visitor.open('/account/confirm?continue=%2Faccount%2Fdata')).location).toBe('/account/data');
  });

  it('tells somebody without a password or a factor to sign in again', async () => {
    await visitor.send('/account/methods/password/remove');
    await age();
    const page = await visitor.open('/account/confirm');
    expect(textOf(page)).toContain('You signed in with a mailed link.');
    expect(page.text).toContain('action="/sign-out"');
  });
});
