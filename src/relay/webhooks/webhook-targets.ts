import { lookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { objectionTo } from './addresses.js';

/** The target is one that Roster does not connect to; the message says why. */
export class RefusedTarget extends Error {
  override readonly name = 'RefusedTarget';
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** Those that HTTPS is usual on: what else listens on a public address is none of a webhook's business. */
const PORTS = ['', '443', '8443'];

/**
 * Ends of names that lead nowhere, or to what is inside: the special-use names of IANA (RFC 6761, 6762, 7686, 8375, 9476), the one that
 * ICANN keeps free for private networks, and those that RFC 6762 (appendix G) found in use there.
 */
const NO_PUBLIC_NAMES = [
  ...['localhost', 'local', 'localdomain', 'home.arpa', 'internal', 'intranet', 'private', 'corp', 'home', 'lan'],
  ...['test', 'invalid', 'example', 'onion', 'alt'],
];

const DNS_TIMEOUT_MS = 2000;
const DNS_TRIES = 2;

/**
 * Where webhooks may go (OWASP "Server-Side Request Forgery Prevention"): by HTTPS to public addresses, unless
 * `WEBHOOK_ALLOW_PRIVATE`. A name is resolved and judged when the connection is made, for exactly that connection: a name that
 * leads elsewhere by then ("DNS rebinding") gains nothing by what it said before.
 */
@Injectable()
export class WebhookTargets {
  private readonly allowPrivate: boolean;

  constructor(@InjectSettings() settings: Settings) {
    this.allowPrivate = settings.WEBHOOK_ALLOW_PRIVATE ?? settings.NODE_ENV !== 'production';
  }

  /** @throws RefusedTarget for what can be told from the URL alone */
  check(url: URL): void {
    const { protocol, username, password, port } = url;
    if (protocol !== 'https:' && !(this.allowPrivate && protocol === 'http:')) {
      throw new RefusedTarget('must start with https://');
    }
    if (username !== '' || password !== '') throw new RefusedTarget('must not hold a user name or password');
    if (!this.allowPrivate && !PORTS.includes(port)) throw new RefusedTarget('must use port 443 or 8443');
    // In brackets where it is IPv6. The URL parser has written `0x7f.1` and the like as what they mean.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0) this.checkAddress(host, url.hostname);
    else if (!this.allowPrivate && !isPublicName(host)) {
      throw new RefusedTarget(
        `${host} is no name of the public Internet; WEBHOOK_ALLOW_PRIVATE=true lets webhooks go to names of inside`,
      );
    }
  }

  /** For the connection itself (`lookup` of `net.connect`). Not asked for a host that is an address: `check` has judged it. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.resolve(hostname)
      .then((addresses) => {
        // A name that only leads to another one without addresses is answered without an error; Node.js ends the process over an empty list.
        if (addresses.length === 0) throw new Error(`${hostname} has no address`);
        // One that may not be is enough: which of them is taken is not ours to say.
        for (const { address } of addresses) this.checkAddress(address, hostname);
        return addresses;
      })
      .then(
        (addresses) => {
          const [first] = addresses;
          if (all) callback(null, addresses);
          else callback(null, first?.address ?? '', first?.family);
        },
        (error: unknown) => callback(error as NodeJS.ErrnoException, []),
      );
  };

  /**
   * Every address of a name. Names of inside may be in `/etc/hosts`, which only the system's own resolver reads. It keeps one of
   * four threads of the process busy for as long as a dead name server takes, so public names are not left to it.
   */
  private async resolve(hostname: string): Promise<Address[]> {
    if (this.allowPrivate) return lookup(hostname, { all: true });
    const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = [
      ...(ipv4.status === 'fulfilled' ? ipv4.value.map((address) => ({ address, family: 4 })) : []),
      ...(ipv6.status === 'fulfilled' ? ipv6.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (found.length === 0 && ipv4.status === 'rejected') throw ipv4.reason;
    return found;
  }

  private checkAddress(address: string, host: string): void {
    const objection = objectionTo(address, this.allowPrivate);
    if (objection === undefined) return;
    const what = host.includes(address) ? host : `${host} is ${address}, which`;
    throw new RefusedTarget(`${what} is no address that webhooks may go to (${objection})`);
  }
}

/** Whether the name can be one of the Internet's. Where it leads is another matter. */
function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !NO_PUBLIC_NAMES.some((end) => `.${name}`.endsWith(`.${end}`));
}
