import { BlockList, isIP } from 'node:net';

type Range = readonly [network: string, prefix: number];

/**
 * Special ranges of the IANA registries (RFC 6890, with the additions of RFC 9602, 9637 and 9780) that Roster connects to for nobody, wherever it
 * runs: link-local, unassigned, multicast, or another address in disguise. 169.254.169.254, the metadata service of clouds with
 * the credentials of the machine, is one of the first.
 */
const NEVER_ALLOWED: Readonly<Record<string, readonly Range[]>> = {
  'link-local': [
    ['169.254.0.0', 16],
    ['fe80::', 10],
  ],
  unspecified: [
    ['0.0.0.0', 8],
    ['::', 128],
  ],
  multicast: [
    ['224.0.0.0', 4],
    ['ff00::', 8],
  ],
  'reserved, or for broadcasts': [['240.0.0.0', 4]],
  'for documentation': [
    ['192.0.2.0', 24],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['2001:db8::', 32],
    ['3fff::', 20],
  ],
  'for protocols and measurements': [
    ['192.0.0.0', 24],
    ['192.52.193.0', 24],
    ['192.88.99.0', 24],
    ['198.18.0.0', 15],
    ['100::', 64],
    ['100:0:0:1::', 64],
    ['2001::', 23],
  ],
  // Where the reverse names of private addresses end (AS112).
  'for the name service itself': [
    ['192.31.196.0', 24],
    ['192.175.48.0', 24],
    ['2620:4f:8000::', 48],
  ],
  'for segment routing': [['5f00::', 16]],
  'an IPv4 address in IPv6': [
    ['::', 96],
    ['::ffff:0:0', 96],
    ['::ffff:0:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['2002::', 16],
  ],
  'site-local': [['fec0::', 10]],
};

/** Private ranges. In development, receivers are there. */
const PRIVATE: Readonly<Record<string, readonly Range[]>> = {
  loopback: [
    ['127.0.0.0', 8],
    ['::1', 128],
  ],
  private: [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['fc00::', 7],
  ],
  'carrier-grade NAT': [['100.64.0.0', 10]],
};

/** IANA assigns public IPv6 addresses from here alone, so future uses of the rest are refused already. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');

/** By family: in a combined list, `::ffff:0:0/96` would match every IPv4 address. */
const LISTS = {
  4: { inside: blockLists(PRIVATE, 4), never: blockLists(NEVER_ALLOWED, 4) },
  6: { inside: blockLists(PRIVATE, 6), never: blockLists(NEVER_ALLOWED, 6) },
};

/**
 * Why Roster must not connect to an IP address, such as "loopback"; undefined when it may.
 * @param allowPrivate whether private addresses are allowed
 */
export function objectionTo(address: string, allowPrivate: boolean): string | undefined {
  const family = isIP(address);
  // An address with a zone (`fe80::1%eth0`) is link-local.
  if ((family !== 4 && family !== 6) || address.includes('%')) return 'no address';
  const { inside, never } = LISTS[family];
  const among = (lists: typeof inside): string | undefined =>
    lists.find(([, list]) => list.check(address, `ipv${family}`))?.[0];
  const inner = among(inside);
  if (inner !== undefined) return allowPrivate ? undefined : inner;
  const objection = among(never);
  if (objection !== undefined || family === 4 || GLOBAL_UNICAST.check(address, 'ipv6')) return objection;
  return 'outside what the Internet uses';
}

function blockLists(
  ranges: Readonly<Record<string, readonly Range[]>>,
  family: 4 | 6,
): (readonly [string, BlockList])[] {
  return Object.entries(ranges).map(([name, networks]) => {
    const list = new BlockList();
    for (const [network, prefix] of networks)
      if (isIP(network) === family) list.addSubnet(network, prefix, `ipv${family}`);
    return [name, list] as const;
  });
}
