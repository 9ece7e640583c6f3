import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** For requests without a peer address, such as over a Unix socket; they all count as one client. */
export const UNKNOWN_ADDRESS = '0.0.0.0';

// As proxies write them: with the port of the connection, and brackets around IPv6 (RFC 7239, 6).
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5})$/;

/**
 * The IP address in a text, in one spelling (RFC 5952): without brackets, port and zone, and an IPv4 address as such, however
 * it was wrapped (`::ffff:1.2.3.4`). Undefined for everything else, such as `unknown` and the names of RFC 7239, 6.3.
 */
export function bareAddress(text: string | undefined): string | undefined {
  const given = text?.trim() ?? '';
  const [, bracketed, dotted] = WITH_PORT.exec(given) ?? [];
  const address = (bracketed ?? dotted ?? given).split('%', 1)[0] ?? '';
  if (isIPv4(address)) return address;
  return isIPv6(address) ? spelled(address) : undefined;
}

/**
 * The client of a request: the peer or, behind trusted proxies, the address from which the outermost of them received it. If a
 * proxy reports no address (`unknown`, nothing), that proxy itself counts as the client.
 * @param forwardedFor `X-Forwarded-For`, to which each proxy appends its peer
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
  isProxy: (address: string) => boolean,
): string {
  let client = bareAddress(peer) ?? UNKNOWN_ADDRESS;
  if (forwardedFor === undefined || !isProxy(client)) return client;
  for (const hop of [forwardedFor].flat().join(',').split(',').toReversed()) {
    const address = bareAddress(hop);
    if (address === undefined) return client;
    client = address;
    if (!isProxy(client)) return client;
  }
  return client;
}

/** @param networks in CIDR notation @returns whether an address, as `bareAddress` gives it, is in one of them */
export function within(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return (address) => address !== UNKNOWN_ADDRESS && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** An IPv6 address as URLs write it, or the IPv4 address that it stands for (RFC 4291, 2.5.5.2). */
function spelled(address: string): string {
  // Every IPv4 peer of a dual-stack socket: avoids a parser each time.
  if (address.startsWith('::ffff:') && isIPv4(address.slice(7))) return address.slice(7);
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const bytes = [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
  return bytes.join('.');
}
