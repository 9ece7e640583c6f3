import { describe, expect, it } from '@jest/globals';
import { objectionTo } from '../../src/relay/webhooks/addresses.js';

// The first and the last address of every range, so that each range has a line that fails without it.
const FORBIDDEN: [string, string[]][] = [
  ['loopback', ['127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1']],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255']],
  ['private', ['fc00::1', 'fd12:3456:789a::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
  ['carrier-grade NAT', ['100.64.0.0', '100.127.255.255']],
  ['link-local', ['169.254.0.1', '169.254.169.254', '169.254.255.255', 'fe80::1', 'febf::1']],
  ['unspecified', ['0.0.0.0', '0.255.255.255', '::']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff00::1', 'ff02::1']],
  ['reserved, or for broadcasts', ['240.0.0.1', '255.255.255.255']],
  ['for documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
  ['for protocols and measurements', ['192.0.0.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '100::1', '2001::1']],
  [
    'an IPv4 address in IPv6',
    ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe', '::127.0.0.1'],
  ],
  ['an IPv4 address in IPv6', ['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::']],
  ['site-local', ['fec0::1']],
  ['no address', ['fe80::1%eth0', '::1%lo', 'localhost', '', '127.1', '0x7f.0.0.1', '127.0.0.1 ']],
];

const PUBLIC = [
  ...['8.8.8.8', '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.1', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700:4700::1111', '2001:4860:4860::8888', '2a00::1'],
];

describe('An address that a webhook would connect to', () => {
  it.each(FORBIDDEN.flatMap(([why, addresses]) => addresses.map((address) => ({ address, why }))))(
    'is refused when it is $address ($why)',
    ({ address, why }) => {
      expect(objectionTo(address, false)).toBe(why);
    },
  );

  it.each(PUBLIC)('is taken when it is public, as %s', (address) => {
    expect(objectionTo(address, false)).toBeUndefined();
  });

  it('may be one of inside where that is allowed, but none of a link, of many, or in disguise', () => {
    for (const [why, addresses] of FORBIDDEN) {
      const isInside = ['loopback', 'private', 'carrier-grade NAT'].includes(why);
      for (const address of addresses)
        expect([address, objectionTo(address, true)]).toEqual([address, isInside ? undefined : why]);
    }
  });
});
