import { createPrivateKey } from 'node:crypto';
import type { Parser } from './parsers.js';

/** The parsed `SMTP_URL`. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on (RFC 8314, 3). */
  readonly secure: boolean;
  /** Neither mail nor password is sent without TLS. */
  readonly requireTls: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  /** Our name in EHLO. */
  readonly name: string | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 };
const OWN_HOSTS = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;
const PARAMETERS = ['requireTLS', 'name'];

/**
 * Reads a `SMTP_URL`. A password is only sent over TLS, except to a server on this machine or with `requireTLS=false`.
 * @throws Error that says what is wrong with it
 */
export function smtpServerOf(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const defaultPort = url && DEFAULT_PORTS[url.protocol];
  if (!url || defaultPort === undefined || url.hostname === '') {
    throw new Error('expected a URL such as smtps://user:password@smtp.example.com');
  }
  if (!['', '/'].includes(url.pathname) || url.hash !== '') {
    throw new Error('expected only parameters after host and port; encode / ? # in a password as %2F %3F %23');
  }
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw new Error(`unknown parameter ${unknown}; expected ${PARAMETERS.join(' or ')}`);
  const requires = url.searchParams.get('requireTLS');
  if (requires !== null && requires !== 'true' && requires !== 'false')
    throw new Error('expected requireTLS to be true or false');
  if ((url.username === '') !== (url.password === '')) throw new Error('expected both user and password, or neither');

  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const auth = url.username === '' ? undefined : { user: decoded(url.username), pass: decoded(url.password) };
  const requireTls = secure || (requires === null ? auth !== undefined && !OWN_HOSTS.test(host) : requires === 'true');
  const name = url.searchParams.get('name') ?? undefined;
  if (name !== undefined && !/^[A-Za-z0-9.\-[\]:]{1,255}$/.test(name))
    throw new Error('expected name to be a host name');
  return { host, port: url.port === '' ? defaultPort : Number(url.port), secure, requireTls, auth, name };
}

export const smtpUrl: Parser<string> = (value) => {
  smtpServerOf(value);
  return value;
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('contains an invalid percent-encoding; encode % as %25');
  }
}

/** A rate per second: `14` or `0.5`. */
export const perSecond: Parser<number> = (value) => {
  const number = Number(value);
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(value) || number === 0) throw new Error('expected a number such as 14 or 0.5');
  return number;
};

const LABELS = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

export const dnsName: Parser<string> = (value) => {
  if (value.length > 253 || !LABELS.test(value)) throw new Error('expected a DNS name such as example.com');
  return value.toLowerCase();
};

// RFC 8301, 3.2: signers must use at least 1024 bits and should use 2048.
const LEAST_RSA_BITS = 1024;

/** An RSA private key in PEM, whose line breaks may be written as `\n`. */
export const rsaPrivateKey: Parser<string> = (value) => {
  const pem = value.replaceAll('\\n', '\n');
  const key = readKey(pem);
  if (key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_RSA_BITS) {
    throw new Error(
      `expected an RSA private key in PEM format of at least ${LEAST_RSA_BITS} bits; generate one with: openssl genrsa 2048`,
    );
  }
  return pem;
};

function readKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const DKIM = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_PRIVATE_KEY'];

/** Problems of the DKIM settings as a group: all are set, or none. */
export function dkimProblems(isGiven: (name: string) => boolean): string[] {
  return DKIM.some(isGiven) ? DKIM.flatMap((name) => (isGiven(name) ? [] : [`${name}: DKIM needs it too`])) : [];
}

/** The parts of `MAIL_FROM`, kept separate so that nothing in the name is taken for an address. */
export function senderOf(mailFrom: string): { readonly name: string; readonly address: string } {
  const [, name = '', address = mailFrom] = /^([^<>]*)<([^<>]+)>$/.exec(mailFrom) ?? [];
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address: address.trim() };
}
