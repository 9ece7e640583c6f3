import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ReceivedMail, tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

// A name that somebody might try: markup, template syntax, a picture, another direction, and what would end a header.
const PRODUCT_NAME = 'Zoë’s "Zoo", <b>{{link}}</b> 🦁 שלום\r\nBcc: victim@example.com';
const ONE_LINE = PRODUCT_NAME.replace('\r\n', ' ');

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({
    PRODUCT_NAME,
    MAIL_FROM: 'Zoo <no-reply@zoo.example>',
    LOGO_URL: 'https://cdn.example.com/logos/lion.png',
    BRAND_COLOR: '#ffd400',
  });
});
afterAll(() => roster.stop());

const HTML = { accept: 'text/html' };
const getPage = (path: string, token: string, accepted?: string) =>
  roster.api
    .get(path)
    .query({ token })
    .set({ ...HTML, ...(accepted !== undefined && { 'accept-language': accepted }) });

async function register(email: string, more: object = {}): Promise<ReceivedMail> {
  await roster.api
    .post('/auth/register')
    .send({ email, password: PASSWORD, ...more })
    .expect(202);
  return roster.inbox.waitFor(email);
}

describe('a user whose locale is de-AT', () => {
  it('gets mails in German, with times as in Austria, and the pages of their links too, whatever the browser is set to', async () => {
    const email = 'resi@example.com';
    const mail = await register(email, { firstName: 'Resi', locale: 'de-AT' });
    expect(mail.email.subject).toBe(`Bestätigen Sie Ihre E-Mail-Adresse für ${ONE_LINE}`);
    expect(mail.text).toMatch(
      /Guten Tag Resi,[^]*Der Link ist 24 Stunden gültig und funktioniert nur einmal\.[^]*Registriert am \d+\. \S+ 20\d\d, /,
    );
    expect(mail.email.html).toContain('<html lang="de"');

    const token = tokenIn(mail);
    const page = await getPage('/auth/verify-email', token, 'fr, en').expect(200);
    expect(page.text).toMatch(/<html lang="de">[^]*<h1>E-Mail-Adresse bestätigen<\/h1>/);
    const done = await roster.api.post('/auth/verify-email').type('form').send({ token }).expect(200);
    expect(done.text).toMatch(/<html lang="de">[^]*Ihre E-Mail-Adresse ist bestätigt/);

    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    const reset = await roster.inbox.waitFor(email, 2);
    expect(reset.text).toContain('Der Link ist 30 Minuten gültig und funktioniert nur einmal.');
    const weak = { token: tokenIn(reset), newPassword: 'passwort' };
    const refused = await roster.api.post('/auth/reset-password').type('form').send(weak).expect(400);
    expect(refused.text).toMatch(/role="alert">\s*Das Passwort muss mindestens 12 Zeichen lang sein/);
    const good = { ...weak, newPassword: 'seven idle boats on slate water' };
    const changed = await roster.api.post('/auth/reset-password').type('form').send(good).expect(200);
    expect(changed.text).toContain('Ihr Passwort wurde geändert');
  });
});

describe('a mail and the page behind its link', () => {
  it.each(['en-US,en;q=0.9', 'en-GB', 'en', 'fr-CA, en-CA;q=0.8'])(
    'say the time of one request in the same words, for a browser that asks for %s',
    async (accepted) => {
      const mail = await register(`one-time-${accepted.length}@example.com`);
      const time = /\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC/.exec(mail.text)![0];
      const page = await getPage('/auth/verify-email', tokenIn(mail), accepted).expect(200);
      expect(page.text).toContain(`<dd>${time}</dd>`);
    },
  );
});

describe('the page of a link that names nobody any more', () => {
  it.each([
    ['de-CH, en;q=0.5', 'de', 'Dieser Link ist nicht mehr gültig'],
    ['fr, de;q=0.1', 'de', 'Dieser Link ist nicht mehr gültig'],
    ['en, de', 'en', 'This link no longer works'],
    ['fr', 'en', 'This link no longer works'],
    [undefined, 'en', 'This link no longer works'],
  ])('is in what the browser asks for: %j', async (accepted, lang, heading) => {
    const page = await getPage('/auth/verify-email', 'nothing', accepted).expect(410);
    expect(page.text).toContain(`<html lang="${lang}">`);
    expect(page.text).toContain(`<h1>${heading}</h1>`);
  });

  it('says in German that something went wrong, and marks what is in English', async () => {
    const page = await roster.api
      .post('/auth/verify-email')
      .type('form')
      .set({ ...HTML, 'accept-language': 'de' })
      .send({ other: 'x' })
      .expect(400);
    expect(page.text).toMatch(/<h1>Das hat nicht geklappt<\/h1>[^]*<p lang="en">(One field is|2 fields are) invalid/);
  });
});

describe('what people and operators call themselves', () => {
  it('is text in subject, header and body, and adds no recipient', async () => {
    const email = 'eve@example.com';
    const firstName = '<b>Eve</b> {{brand.color}} 👩‍👩‍👧‍👦 מרחב';
    const { token: _, id } = await roster.join(email, { firstName, locale: 'en' });
    expect(id).toBeDefined();
    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    const mail = await roster.inbox.waitFor(email, 2);
    expect(mail.recipients).toEqual([email]);
    expect(mail.email.subject).toBe(`Choose a new password for ${ONE_LINE}`);
    expect(mail.email.from).toEqual({ name: 'Zoo', address: 'no-reply@zoo.example' });
    expect([mail.email.bcc, mail.email.cc]).toEqual([undefined, undefined]);
    const headers = mail.raw.split('\r\n\r\n', 1)[0]!;
    expect(headers).not.toMatch(/^bcc:/im);
    expect(mail.text).toContain('Hello <b>Eve</b> {{brand.color}} 👩‍👩‍👧‍👦 מרחב,');
    expect(mail.email.html).toContain('<bdi>&lt;b&gt;Eve&lt;/b&gt; {{brand.color}} 👩‍👩‍👧‍👦 מרחב</bdi>');
    expect(mail.email.html).not.toMatch(/<b>|#ffd400 👩/);
  });

  it('with a line break is refused in a name', async () => {
    const body = { email: 'crlf@example.com', password: PASSWORD, firstName: 'Ada\r\nBcc: victim@example.com' };
    await roster.api.post('/auth/register').send(body).expect(400);
  });

  it('is greeted before the address is proved only as far as it is a name', async () => {
    const mail = await register('proud@example.com', { firstName: 'You won at evil.example' });
    expect(mail.text).toMatch(/^Hello,$/m);
  });
});

describe('the logo', () => {
  it('is all that a mail loads, and all that the policy of the pages adds, by its origin alone', async () => {
    const mail = await register('logo@example.com');
    const sources = [...(mail.email.html ?? '').matchAll(/(?:src|href|background)="(http[^"]*)"/g)].map(
      ([, url]) => url,
    );
    expect(new Set(sources.map((url) => new URL(url!).host))).toEqual(new Set(['cdn.example.com', 'localhost:3000']));
    const page = await getPage('/auth/verify-email', tokenIn(mail)).expect(200);
    expect(page.text).toContain('<img class="logo" src="https://cdn.example.com/logos/lion.png"');
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' https://cdn.example.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it('stands over buttons whose text can be read on their colour', async () => {
    const css = await roster.api.get('/assets/pages.css').expect(200);
    expect(css.text).toContain('--on-brand: #000000;');
  });
});
