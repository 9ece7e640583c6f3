import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type DemoProvider, startDemoProvider } from '../../src/development/identity-provider/demo-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { sessionOf } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';

let demo: DemoProvider;
let roster: Roster;
beforeAll(async () => {
  const started = await startDemoProvider('http://localhost:3000', 0);
  if (!started) throw new Error('oidc-provider is not installed');
  demo = started;
  roster = await startRoster({
    PROVIDERS: 'demo',
    DEMO_ISSUER: demo.settings.issuer,
    DEMO_CLIENT_ID: demo.settings.clientId,
    DEMO_CLIENT_SECRET: demo.settings.clientSecret() ?? '',
    TRUSTED_EMAIL_PROVIDERS: 'demo',
  });
});
afterAll(async () => {
  await roster.stop();
  await demo.stop();
});

it('signs in people by any address that they enter, once they have pressed the button', async () => {
  const browser = new PageBrowser(roster);
  const start = await browser.open('/auth/providers/demo/start');
  const cookies = new Map<string, string>();
  let page = { url: start.location ?? '', text: '' };
  const go = async (url: string, init: RequestInit = {}): Promise<void> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), cookie },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    page = { url, text: await answer.text() };
    if (location === null) return;
    const next = new URL(location, url);
    page = { url: next.href, text: '' };
    if (next.origin === demo.settings.issuer) await go(next.href);
  };
  await go(page.url);
  expect(page.text).toContain('<h1>Demo provider</h1>');
  await go(page.url, {
    method: 'POST',
    body: 'email=ada%40example.com',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const back = new URL(page.url);
  expect((await browser.open(back.pathname + back.search)).location).toBe('/sign-in/complete');
  expect((await sessionOf(roster, browser)).user).toMatchObject({ email: 'ada@example.com', emailVerified: true });
});
