import { BlockList, isIP } from 'node:net';
import { list, origin, type Parser } from './parsers.js';

/** Named ranges that are common for proxies. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

const BITS = { 4: 32, 6: 128 };
// The widest private ranges: 10.0.0.0/8 and fc00::/7.
const WIDEST = { 4: 8, 6: 7 };

/** Addresses of proxies as CIDR networks; ranges that could include clients are refused. */
export const proxies: Parser<string[]> = (value) =>
  list(value)
    .flatMap((item) => RANGES[item] ?? [item])
    .map(network);

function network(item: string): string {
  const [address = '', bits, ...more] = item.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || address.includes('%') || more.length > 0 || !/^\d{1,3}$/.test(bits ?? '0')) {
    throw new Error('expected addresses or CIDR ranges of your proxies such as 10.0.3.7 or 10.0.3.0/24');
  }
  const prefix = bits === undefined ? BITS[family] : Number(bits);
  if (prefix > BITS[family])
    throw new Error(`expected a range of at most /${BITS[family]} for an IPv${family} address`);
  if (prefix < WIDEST[family] || (family === 6 && takesInIPv4(address, prefix))) {
    throw new Error(
      `expected no IPv${family} range wider than /${WIDEST[family]}: every host in it could forge the client address; list your proxies`,
    );
  }
  return `${address}/${prefix}`;
}

/** An IPv6 range that stands for an IPv4 range wider than /8 (RFC 4291, 2.5.5.2). */
function takesInIPv4(address: string, prefix: number): boolean {
  const range = new BlockList();
  range.addSubnet(address, prefix, 'ipv6');
  const mapped = new BlockList();
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
  return prefix < 96 ? range.check('::ffff:1.1.1.1', 'ipv6') : mapped.check(address, 'ipv6') && prefix < 96 + WIDEST[4];
}

/** Origins as browsers send them (RFC 6454, 6.2); other spellings are normalised. */
export const origins: Parser<string[]> = (value) => list(value).map(oneOrigin);

/** Origins of apps that are not web sites, such as `capacitor://localhost`. */
const OWN_SCHEME = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/;

function oneOrigin(item: string): string {
  if (item.includes('*')) throw new Error('expected explicit origins; a wildcard would allow every site');
  if (OWN_SCHEME.test(item)) return item;
  try {
    return origin(item);
  } catch {
    throw new Error('expected origins: scheme, host and port only, such as https://app.example.com');
  }
}

/** Origins of web pages: of `http` or `https`. */
export const webOrigins: Parser<string[]> = (value) =>
  origins(value).map((one) => {
    if (/^https?:/.test(one)) return one;
    throw new Error('expected origins of https or http, such as https://app.example.com');
  });
