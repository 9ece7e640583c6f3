import { describe, expect, it } from '@jest/globals';
import { objectionTo } from '../../src/http/outbound/addresses.js';

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
  [
    'for protocols and measurements',
    ['192.0.0.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '100::1', '100:0:0:1::1', '2001::1'],
  ],
  ['for protocols and measurements', ['192.52.193.1', '100:0:0:1:ffff:ffff:ffff:ffff', '2001:1ff:ffff::1']],
  [
    'an IPv4 address in IPv6',
    ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe', '::127.0.0.1'],
  ],
  ['an IPv4 address in IPv6', ['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::']],
  ['an IPv4 address in IPv6', ['::ffff:0:127.0.0.1', '::ffff:0:a9fe:a9fe', '::ffff:0:ffff:ffff']],
  ['site-local', ['fec0::1']],
  ['for segment routing', ['5f00::1', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
  ['for the name service itself', ['192.31.196.1', '192.175.48.1', '2620:4f:8000::1']],
  [
    'outside what the Internet uses',
    ['100:0:0:2::1', '1fff:ffff::1', '4000::1', '5eff::1', '5f01::1', 'fb00::1', 'fe00::1'],
  ],
  ['no address', ['fe80::1%eth0', '::1%lo', 'localhost', '', '127.1', '0x7f.0.0.1', '127.0.0.1 ']],
];

// Every row of the two registries that RFC 6890 founded: iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry.
const REGISTRIES = [
  ...['0.0.0.0/8', '0.0.0.0/32', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...[
    '192.0.0.0/24',
    '192.0.0.0/29',
    '192.0.0.8/32',
    '192.0.0.9/32',
    '192.0.0.10/32',
    '192.0.0.170/31',
    '192.0.2.0/24',
  ],
  ...['192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.88.99.2/32', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4', '255.255.255.255/32'],
  ...[
    '::1/128',
    '::/128',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '100:0:0:1::/64',
    '2001::/23',
  ],
  ...['2001::/32', '2001:1::1/128', '2001:1::2/128', '2001:1::3/128', '2001:2::/48', '2001:3::/32', '2001:4:112::/48'],
  ...['2001:10::/28', '2001:20::/28', '2001:30::/28', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
  ...['5f00::/16', 'fc00::/7', 'fe80::/10'],
];

/** The first and the last address of a block, such as `10.0.0.0/8`. */
function endsOf(block: string): [first: string, last: string] {
  const [network = '', length = ''] = block.split('/');
  const isIpv6 = network.includes(':');
  const bits = isIpv6 ? 128n : 32n;
  const [before = '', after = ''] = network.split('::');
  const parts = (text: string): string[] => (text === '' ? [] : text.split(isIpv6 ? ':' : '.'));
  const known = isIpv6 ? [parts(before), parts(after)] : [parts(network), []];
  const zeros = Array<string>((isIpv6 ? 8 : 4) - known.flat().length).fill('0');
  const width = isIpv6 ? 16n : 8n;
  const first = [...known[0]!, ...zeros, ...known[1]!].reduce(
    (sum, part) => (sum << width) | BigInt(isIpv6 ? Number.parseInt(part, 16) : Number(part)),
    0n,
  );
  const write = (address: bigint): string =>
    Array.from({ length: Number(bits / width) }, (_, index) => {
      const part = (address >> (bits - width * BigInt(index + 1))) & ((1n << width) - 1n);
      return part.toString(isIpv6 ? 16 : 10);
    }).join(isIpv6 ? ':' : '.');
  return [write(first), write(first | ((1n << (bits - BigInt(length))) - 1n))];
}

const PUBLIC = [
  ...['8.8.8.8', '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.1', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700:4700::1111', '2001:4860:4860::8888', '2a00::1'],
  ...['2001:200::1', '2003::1', '3ffe:ffff::1', '2620:4f:7fff::1', '2620:4f:8001::1', '3fff:1000::1', '192.31.195.255'],
];

describe('An address that a webhook would connect to', () => {
  it.each(FORBIDDEN.flatMap(([why, addresses]) => addresses.map((address) => ({ address, why }))))(
    'is refused when it is $address ($why)',
    ({ address, why }) => {
      expect(objectionTo(address, false)).toBe(why);
    },
  );

  it.each(REGISTRIES)('is refused when it is in %s, which a registry of IANA has as special', (block) => {
    for (const address of endsOf(block))
      expect([address, objectionTo(address, false)]).toEqual([address, expect.any(String)]);
  });

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
