import { isIPv6 } from 'node:net';
import { bareAddress } from './client-address.js';

/**
 * The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, which a single client has to itself (RFC
 * 6177). Requests without an address count as one client together, so that they are never left uncounted.
 */
export function clientNetwork(ip: string | null): string {
  const address = bareAddress(ip ?? undefined);
  if (address === undefined) return 'unknown';
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address;
}

/** The eight groups of a compressed IPv6 address. */
function groupsOf(address: string): string[] {
  const [first = [], last = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  return [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
}
