import { isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bareAddress, clientAddress, within } from '../../src/access/client-address.js';

describe('the address in a text', () => {
  it.each([
    ['203.0.113.5', '203.0.113.5'],
    [' 203.0.113.5\t', '203.0.113.5'],
    ['203.0.113.5:56789', '203.0.113.5'],
    ['2001:DB8:0:0::0001', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:203.0.113.5', '203.0.113.5'],
    ['::FFFF:cb00:7105', '203.0.113.5'],
    ['[::ffff:203.0.113.5]:80', '203.0.113.5'],
    ['::ffff:0:1', '0.0.0.1'],
  ])('%s is %s', (text, address) => {
    expect(bareAddress(text)).toBe(address);
  });

  it.each([
    ...['', ' ', 'unknown', '_hidden', '_SEVKISEK', 'null', '-', 'client.example.com', '203.0.113.5:', '203.0.113.5:x'],
    ...['203.0.113.5:_port', '203.0.113', '203.0.113.256', '203.0.113.005', '0x7f.1', '[203.0.113.5', '[]', '[]:80'],
    ...['"203.0.113.5"', 'for=203.0.113.5', '2001:db8:1:2:3:4:5:6:443', '203.0.113.5 203.0.113.6', '%eth0'],
  ])('there is none in %j', (text) => {
    expect(bareAddress(text)).toBeUndefined();
  });

  it('is the same with and without a port, and reads as itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (address, port) => {
        const bare = bareAddress(address) ?? '';
        expect(isIP(bare)).toBeGreaterThan(0);
        expect(bareAddress(bare)).toBe(bare);
        expect(bareAddress(isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`)).toBe(bare);
      }),
    );
  });
});

describe('the client of a request', () => {
  const isProxy = within(['10.0.0.0/8', '2001:db8:99::/48']);
  const from = (peer: string | undefined, forwardedFor?: string | string[]) =>
    clientAddress(peer, forwardedFor, isProxy);

  it('is the peer that is no proxy, whatever it says', () => {
    expect(from('203.0.113.5', '1.2.3.4')).toBe('203.0.113.5');
    expect(from('::ffff:203.0.113.5', '1.2.3.4')).toBe('203.0.113.5');
    expect(clientAddress('10.0.0.1', '1.2.3.4', within([]))).toBe('10.0.0.1');
  });

  it('is whom the farthest proxy in a row took it from', () => {
    expect(from('10.0.0.1', '1.2.3.4')).toBe('1.2.3.4');
    expect(from('::ffff:10.0.0.1', '1.2.3.4')).toBe('1.2.3.4');
    expect(from('2001:db8:99::1', '6.6.6.6, 1.2.3.4:5678, 10.0.0.2:443')).toBe('1.2.3.4');
    expect(from('10.0.0.1', ['6.6.6.6', '[2001:db8::1]:443,[2001:db8:99::7]:443'])).toBe('2001:db8::1');
  });

  it.each(['unknown', '_hidden', '', 'x'.repeat(10_000), '1.2.3.4, unknown', '1.2.3.4,', 'nonsense, 10.0.0.9', ','])(
    'is the proxy that does not name it: %j',
    (forwardedFor) => {
      expect(from('10.0.0.1', forwardedFor)).toBe(forwardedFor.includes('10.0.0.9') ? '10.0.0.9' : '10.0.0.1');
    },
  );

  it('is a proxy itself when all in the row are proxies', () => {
    expect(from('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3');
  });

  it('has an address of no machine where the system does not name it, which no setting trusts', () => {
    expect(from(undefined, '1.2.3.4')).toBe('0.0.0.0');
    expect(clientAddress(undefined, '1.2.3.4', within(['0.0.0.0/8']))).toBe('0.0.0.0');
  });
});
