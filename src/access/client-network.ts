import { isIPv6 } from 'node:net';
import { bareAddress } from './client-address.js';

/**
 * What addresses count as one client: an IPv4 address, or the /64 of an IPv6 address, of which a single client has all
 * (RFC 6177). All that have no address count as one client, too: not to know who it is never means to count nobody.
 */
export function clientNetwork(ip: string | null): string {
  const address = bareAddress(ip ?? undefined);
  if (address === undefined) return 'unknown';
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address;
}

/** The eight groups of an IPv6 address that is spelled shortly. */
function groupsOf(address: string): string[] {
  const [first = [], last = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  return [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
}
