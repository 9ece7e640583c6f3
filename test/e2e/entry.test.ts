import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ HOSTED_PAGES: 'false' });
});
afterAll(() => roster.stop());

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const openPage = (path = '/', language = 'en') =>
  roster.api.get(path).set('accept', HTML).set('accept-language', language);

interface Entry {
  readonly name: string;
  readonly _links: Record<string, { href: string; method?: string }>;
}

describe('The address of the server itself', () => {
  it('tells a program where to go on, and everything that it names is there', async () => {
    for (const accept of ['*/*', 'application/json', undefined]) {
      const { body } = await roster.api
        .get('/')
        .set(accept === undefined ? {} : { accept })
        .expect(200, /"name":"Roster"/);
      const { _links: links } = body as Entry;
      expect(Object.keys(links).sort()).toEqual(
        ['docs', 'health', 'jwks', 'login', 'me', 'methods', 'openapi', 'register', 'self'].sort(),
      );
      for (const { href, method = 'GET' } of Object.values(links)) {
        const { status } = await (method === 'POST' ? roster.api.post(href).send({}) : roster.api.get(href));
        // What is not for everybody, or needs a body, says so; nothing is missing.
        expect([href, status]).toEqual([href, method === 'POST' ? 400 : href === '/users/me' ? 401 : 200]);
      }
    }
  });

  it.each([
    ['en-US,en;q=0.9', 'en', 'Your account at Roster', 'Send me a link'],
    ['de-AT, en;q=0.5', 'de', 'Ihr Konto bei Roster', 'Link senden'],
  ])('is a page for a browser (%s) that is no error and leads on', async (language, lang, heading, button) => {
    const page = await openPage('/?utm_source=newsletter', language).expect(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain(`<html lang="${lang}">`);
    expect(page.text).toContain(`<h1>${heading}</h1>`);
    expect(page.text).toContain(button);
    expect(page.text).not.toMatch(/problem|error|trace/i);
    const links = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, href]) => href!);
    expect(links).toContain('/docs');
    for (const href of links) await roster.api.get(href).redirects(1).expect(200);
  });

  it('lets a person who forgot the password go on from there', async () => {
    await roster.join('ada@example.com');
    const { length } = roster.inbox.to('ada@example.com');
    const action = /action="([^"]+)"/.exec((await openPage()).text)![1]!;
    await roster.api.post(action).type('form').send({ email: 'ada@example.com' }).expect(202, /<h1>/);
    const { text } = await roster.inbox.waitFor('ada@example.com', length + 1);
    expect(text).toContain('/auth/reset-password?token=');
  });

  it('is where the mail to the owner of a taken address sends to sign in', async () => {
    const { email } = ADMIN;
    const { length } = roster.inbox.to(email);
    await roster.api.post('/auth/register').send({ email, password: 'seven idle boats on slate water' }).expect(202);
    const { text } = await roster.inbox.waitFor(email, length + 1);
    const link = /^(http\S+)$/m.exec(text)![1]!;
    const { pathname, origin } = new URL(link);
    expect(origin).toBe('http://localhost:3000');
    await openPage(pathname).expect(200, /<h1>Your account at Roster<\/h1>/);
  });
});

it('The address of the server names no documentation where that is switched off', async () => {
  const other = await startRoster({ DOCS_ENABLED: 'false', HOSTED_PAGES: 'false' });
  try {
    const { body } = await other.api.get('/').expect(200);
    expect(Object.keys((body as Entry)._links)).not.toContain('docs');
    await other.api
      .get('/')
      .set('accept', HTML)
      .expect(200, /^(?![^]*"\/docs")/);
    await other.api.get('/docs').expect(404);
  } finally {
    await other.stop();
  }
});
