/** Parses one setting, or throws an Error that says what was expected. */
export type Parser<T> = (text: string) => T;

const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `15m` or `30d`, in milliseconds. */
export const duration: Parser<number> = (text) => {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match) throw new Error('expected a duration such as 30s, 15m, 24h or 7d');
  const milliseconds = Number(match[1]) * (DURATION_UNITS[match[2] ?? ''] ?? 0);
  if (milliseconds === 0) throw new Error('expected a duration greater than zero');
  return milliseconds;
};

/** A duration within these, inclusive. */
export function durationWithin(least: string, most: string): Parser<number> {
  return (value) => {
    const milliseconds = duration(value);
    if (milliseconds < duration(least) || milliseconds > duration(most)) {
      throw new Error(`expected a duration from ${least} to ${most}`);
    }
    return milliseconds;
  };
}

export const text: Parser<string> = (value) => value;

export const flag: Parser<boolean> = (value) => {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new Error('expected true or false');
};

export function integer(min: number, max: number): Parser<number> {
  return (value) => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < min || number > max) {
      throw new Error(`expected a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

export function oneOf<const T extends string>(...choices: T[]): Parser<T> {
  return (value) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`expected one of ${choices.join(', ')}`);
    return choice;
  };
}

/** An absolute URL of one of the given protocols (`'https:'`); the value stays the text as given. */
export function url(...protocols: string[]): Parser<string> {
  return (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (!parsed || !protocols.includes(parsed.protocol)) {
      throw new Error(`expected a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
    }
    return value;
  };
}

/** The origin under which people reach the server, without a path or a trailing slash. */
export const origin: Parser<string> = (value) => {
  url('http:', 'https:')(value);
  const parsed = new URL(value);
  if (parsed.pathname !== '/' || parsed.search || parsed.hash || parsed.username) {
    throw new Error('expected only scheme, host and port, such as https://accounts.example.com');
  }
  return parsed.origin;
};

/** The URL under which people reach the server: an origin, and a path below which a proxy serves it; no slash at the end. */
export const baseUrl: Parser<string> = (value) => {
  url('http:', 'https:')(value);
  const { origin: host, pathname, search, hash, username } = new URL(value);
  if (search || hash || username || !/^(?:\/[A-Za-z0-9][A-Za-z0-9._~-]*)*\/?$/.test(pathname)) {
    throw new Error(
      'expected scheme, host, port and at most a path, such as https://accounts.example.com or https://example.com/accounts',
    );
  }
  return host + pathname.replace(/\/$/, '');
};

/** An https URL of an image for mails and pages; without credentials. */
export const logo: Parser<string> = (value) => {
  url('https:')(value);
  const parsed = new URL(value);
  if (parsed.username || parsed.password) throw new Error('expected a URL without user and password');
  return parsed.href;
};

export const list: Parser<string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export const email: Parser<string> = (value) => {
  if (!/^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/.test(value)) throw new Error('expected an email address');
  return value;
};

/** An address for a From header: `a@b.example` or `Name <a@b.example>`. */
export const mailbox: Parser<string> = (value) => {
  const address = /^[^<>\r\n]*<([^<>]+)>$/.exec(value)?.[1] ?? value;
  email(address.trim());
  return value;
};

export const secret: Parser<string> = (value) => {
  if (Buffer.byteLength(value) < 32)
    throw new Error('expected at least 32 bytes; generate one with: openssl rand -base64 48');
  return value;
};

export const color: Parser<string> = (value) => {
  if (!/^#[0-9a-fA-F]{6}$/.test(value)) throw new Error('expected a colour such as #1f5eff');
  return value;
};
