import { isIPv4, isIPv6 } from 'node:net';

/**
 * What addresses count as one client: an IPv4 address, or the /64 of an IPv6 address, of which a single client has all
 * (RFC 6177). Empty for none.
 */
export function clientNetwork(ip: string | null): string {
  const bare = (ip ?? '').split('%', 1)[0] ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, 4).join(':')}::/64` : bare;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The last two groups may be written as an IPv4 address; no more than their place matters here.
  const [head = '', tail] = address
    .toLowerCase()
    .replace(/\d+\.\d+\.\d+\.\d+$/, '0:0')
    .split('::');
  const read = (part: string | undefined): string[] =>
    part ? part.split(':').map((group) => group.replace(/^0+(?=.)/, '')) : [];
  const [first, last] = [read(head), read(tail)];
  return [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
}
