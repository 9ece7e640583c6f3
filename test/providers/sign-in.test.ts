import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PageBrowser } from '../support/page-browser.js';
import { sessionOf } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';
import { type ForeignProvider, startKeycloak, startMockoidc, startProviderMock } from './software.js';

jest.setTimeout(1_000_000);

const ADA = { sub: 'ada', email: 'ada@example.com', email_verified: true };

describe.each<[string, () => Promise<ForeignProvider>]>([
  ['oidc-provider-mock', () => startProviderMock([ADA])],
  ['mockoidc', () => startMockoidc({ sub: 'ada', email: 'ada@example.com' })],
  ['Keycloak', startKeycloak],
])('%s', (_name, begin) => {
  let provider: ForeignProvider;
  let roster: Roster;
  beforeAll(async () => {
    provider = await begin();
    roster = await startRoster({
      PROVIDERS: 'corp',
      CORP_ISSUER: provider.issuer,
      CORP_CLIENT_ID: provider.clientId,
      CORP_CLIENT_SECRET: provider.clientSecret,
      TRUSTED_EMAIL_PROVIDERS: 'corp',
    });
  });
  afterAll(async () => {
    await roster.stop();
    await provider.stop();
  });

  it('signs in whom it knows, twice as the same person', async () => {
    const ids: string[] = [];
    for (let times = 0; times < 2; times++) {
      const browser = new PageBrowser(roster);
      const start = await browser.open('/auth/providers/corp/start');
      const back = await provider.signIn(start.location ?? '', 'ada');
      expect((await browser.open(back.pathname + back.search)).location).toBe('/sign-in/complete');
      const { user } = await sessionOf(roster, browser);
      expect(user).toMatchObject({ email: 'ada@example.com', emailVerified: true });
      ids.push(user.id);
    }
    expect(new Set(ids).size).toBe(1);
  });
});
