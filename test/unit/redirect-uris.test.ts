import { describe, expect, it } from '@jest/globals';
import { objectionToRedirect } from '../../src/openid/clients/redirect-uris.js';

describe('A redirect URI', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com:8443/callback?tenant=a%20b',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:7000/callback',
  ])('may be %s', (uri) => {
    expect(objectionToRedirect(uri, false)).toBeUndefined();
    expect(objectionToRedirect(uri, true)).toBeUndefined();
  });

  it.each(['com.example.app:/callback', 'com.example.app://callback', 'org.example.my-app:/a/b'])(
    'may be %s for a public client only',
    (uri) => {
      expect(objectionToRedirect(uri, true)).toBeUndefined();
      expect(objectionToRedirect(uri, false)).toContain('public clients');
    },
  );

  it.each<[string, string]>([
    ['http://app.example.com/callback', 'https://'],
    ['http://localhost.example.com/callback', 'https://'],
    ['http://127.0.0.2/callback', 'https://'],
    ['http://127.1/callback', 'normal form'],
    ['https://app.example.com/callback#', 'fragment'],
    ['https://app.example.com/callback#token', 'fragment'],
    ['https://*.example.com/callback', 'wildcard'],
    ['https://app.example.com/*', 'wildcard'],
    ['https://app.example.com@evil.example.com/', 'user name'],
    ['https://user:pass@app.example.com/', 'user name'],
    ['https://app.example.com./callback', 'dot'],
    ['https://APP.example.com/callback', 'normal form: https://app.example.com/callback'],
    ['https://app.example.com:443/callback', 'normal form: https://app.example.com/callback'],
    ['https://app.example.com/a/../callback', 'normal form'],
    ['https://app.example.com/%2e%2e/callback', 'normal form'],
    ['https:/app.example.com/callback', 'normal form'],
    ['https:\\\\app.example.com/callback', 'absolute URI'],
    ['https://app.example.com/call back', 'absolute URI'],
    ['https://app.example.com/call\nback', 'absolute URI'],
    ['https://äpp.example.com/callback', 'absolute URI'],
    ['/callback', 'absolute URI'],
    ['', 'absolute URI'],
    ['javascript:alert(1)', 'https://'],
    ['data:text/html,hello', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['myapp://callback', 'https://'],
    ['urn:ietf:wg:oauth:2.0:oob', 'https://'],
    [`https://app.example.com/${'a'.repeat(2000)}`, '2000 characters'],
  ])('may not be %j', (uri, why) => {
    expect(objectionToRedirect(uri, true)).toContain(why);
  });
});
