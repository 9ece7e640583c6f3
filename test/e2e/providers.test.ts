import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IdentityProvider } from '../support/identity-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { type Roster, startRoster } from '../support/roster.js';

const BASE = 'http://localhost:3000';
const callbackOf = (id: string) => `${BASE}/auth/providers/${id}/callback`;

let corp: IdentityProvider;
let other: IdentityProvider;
let roster: Roster;
beforeAll(async () => {
  corp = await IdentityProvider.start([callbackOf('corp')]);
  other = await IdentityProvider.start([callbackOf('other')]);
  roster = await startRoster({
    PROVIDERS: 'corp,other',
    ...corp.settings('corp'),
    CORP_NAME: 'Corp & Co',
    ...other.settings('other'),
    TRUSTED_EMAIL_PROVIDERS: 'corp',
    SIGN_IN_REDIRECTS: 'https://app.example.com',
  });
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
  await other.stop();
});
beforeEach(() => {
  corp.hostility = {};
});

/** Leaves for a provider. @returns where the browser is sent back to */
async function leave(browser: PageBrowser, id = 'corp', at = corp, query = ''): Promise<string> {
  const start = await browser.open(`/auth/providers/${id}/start${query}`);
  expect(start.status).toBe(303);
  const back = await at.authorize(start.location ?? '');
  expect(back.origin).toBe(BASE);
  return back.pathname + back.search;
}

async function signInAs(person: IdentityProvider['person'], browser = new PageBrowser(roster)) {
  corp.person = person;
  return { browser, answer: await browser.open(await leave(browser)) };
}

describe('somebody new from a provider that proves addresses', () => {
  it('has an account and a session after one round', async () => {
    const person = {
      sub: 'grace',
      email: 'grace@example.com',
      email_verified: true,
      given_name: 'Grace',
      family_name: 'Hopper',
    };
    const { browser, answer } = await signInAs(person);
    expect([answer.status, answer.location]).toEqual([303, '/sign-in/complete']);
    const session = await roster.api
      .get('/auth/session')
      .set('cookie', `roster-session=${browser.cookies.get('roster-session') ?? ''}`)
      .expect(200);
    expect(session.body).toMatchObject({
      kind: 'browser',
      acr: 'aal1',
      amr: ['fed'],
      user: { email: 'grace@example.com', emailVerified: true, status: 'ACTIVE', firstName: 'Grace' },
    });
  });
});
