import { lookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { objectionTo } from './addresses.js';

/** Roster does not connect to this target; the message says why. */
export class RefusedTarget extends Error {
  override readonly name = 'RefusedTarget';
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** The usual ports of HTTPS: what others configure must not reach other services on public addresses. */
const HTTPS_PORTS = ['', '443', '8443'];

/**
 * Suffixes of names that lead nowhere or into a private network: the special-use names of IANA (RFC 6761, 6762, 7686, 8375, 9476), the
 * one that ICANN reserves for private networks, and those that RFC 6762 (appendix G) found in use there.
 */
const NO_PUBLIC_NAMES = [
  ...['localhost', 'local', 'localdomain', 'home.arpa', 'internal', 'intranet', 'private', 'corp', 'home', 'lan'],
  ...['test', 'invalid', 'example', 'onion', 'alt'],
];

const DNS_TIMEOUT_MS = 2000;
const DNS_TRIES = 2;

/** What the refusals of one kind of target say. */
interface Words {
  /** In the plural, such as `webhooks`. */
  readonly what: string;
  /** The setting that allows private targets. */
  readonly setting: string;
}

/**
 * Where Roster may connect to on behalf of others (OWASP "Server-Side Request Forgery Prevention"): by HTTPS to public addresses,
 * unless private ones are allowed. A name is resolved and checked when the connection is opened, for exactly that connection, so DNS
 * rebinding gains nothing.
 */
export class OutboundTargets {
  constructor(
    private readonly allowPrivate: boolean,
    private readonly words: Words,
  ) {}

  /** Checks the URL alone, without DNS. @throws RefusedTarget */
  check(url: URL): void {
    const { protocol, username, password, port } = url;
    if (protocol !== 'https:' && !(this.allowPrivate && protocol === 'http:')) {
      throw new RefusedTarget('must start with https://');
    }
    if (username !== '' || password !== '') throw new RefusedTarget('must not hold a user name or password');
    if (!this.allowPrivate && !HTTPS_PORTS.includes(port)) throw new RefusedTarget('must use port 443 or 8443');
    // IPv6 addresses are in brackets. The URL parser has normalised addresses such as `0x7f.1`.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0) this.checkAddress(host, url.hostname);
    else if (!this.allowPrivate && !isPublicName(host)) {
      throw new RefusedTarget(
        `${host} is not a public name; ${this.words.setting}=true allows ${this.words.what} to private names`,
      );
    }
  }

  /** The `lookup` of `net.connect`. Not called for a host that is an IP address, which `check` has checked. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.resolve(hostname)
      .then((addresses) => {
        // An alias of a name without addresses resolves to an empty list without an error, on which Node.js would crash.
        if (addresses.length === 0) throw new Error(`${hostname} has no address`);
        // One refused address is enough: Node.js may choose any of them.
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
   * Resolves every address of a name. Private names may be in `/etc/hosts`, which only the system resolver reads. It blocks one of the
   * four threads of libuv for as long as a dead name server takes, so it is not used for public names.
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
    throw new RefusedTarget(`${what} is not an allowed address for ${this.words.what} (${objection})`);
  }
}

/** Whether the name can be public. The addresses it resolves to are checked separately. */
function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !NO_PUBLIC_NAMES.some((end) => `.${name}`.endsWith(`.${end}`));
}
