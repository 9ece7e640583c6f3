import { describe, expect, it, jest } from '@jest/globals';
import { type ForeignProvider, startKeycloak, startMockoidc, startProviderMock } from './software.js';

const CALLBACK = 'http://localhost:3000/auth/providers/corp/callback';

jest.setTimeout(1_000_000);

// Until the suites of this folder use them, this shows that they run here.
describe('a provider of somebody else', () => {
  it.each<[string, () => Promise<ForeignProvider>]>([
    ['Keycloak', startKeycloak],
    ['oidc-provider-mock', () => startProviderMock([{ sub: 'ada', email: 'ada@example.com', email_verified: true }])],
    ['mockoidc', () => startMockoidc({ sub: 'ada', email: 'ada@example.com' })],
  ])('%s starts, and sends back who signs in', async (_name, begin) => {
    const provider = await begin();
    try {
      const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
      const discovery = (await response.json()) as { issuer: string; authorization_endpoint: string };
      expect(discovery.issuer).toBe(provider.issuer);
      const url = new URL(discovery.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id: provider.clientId,
        redirect_uri: CALLBACK,
        response_type: 'code',
        scope: 'openid email profile',
        state: 'a-state',
        nonce: 'a-nonce',
      }).toString();
      const back = await provider.signIn(url.href, 'ada');
      expect(back.href.startsWith(`${CALLBACK}?`)).toBe(true);
      expect(back.searchParams.get('state')).toBe('a-state');
      expect(back.searchParams.get('code')).toMatch(/./);
    } finally {
      await provider.stop();
    }
  });
});
