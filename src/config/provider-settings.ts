import { createPrivateKey } from 'node:crypto';
import { isOwnMachine } from './production.js';
import type { Parser } from './parsers.js';
import type { Environment } from './secret-files.js';

/** Providers whose quirks Roster knows. Any other id is a generic OpenID provider. */
export const PRESETS = ['google', 'microsoft', 'apple', 'github', 'linkedin'] as const;
export type Preset = (typeof PRESETS)[number];

/** One provider that users can sign in with. */
export interface ProviderSettings {
  /** As in `PROVIDERS`, and in paths and evidence. */
  readonly id: string;
  readonly preset: Preset | null;
  /** For people, such as `Google`. */
  readonly name: string;
  /** As configured: of GitHub, the URL of its web site. */
  readonly issuer: string;
  readonly clientId: string;
  /** A function, so that settings can be printed. Null for a public client, and for Apple, whose secrets are made from a key. */
  readonly clientSecret: () => string | null;
  /** Whether a verified address of this provider is proof enough to link an account with that address. */
  readonly isTrusted: boolean;
}

/** The settings of every provider that `PROVIDERS` names. */
export type HasProviders = { readonly providers: readonly ProviderSettings[] };

/** As it was given, also for a provider that is not in the settings any more. */
export const providerName = ({ providers }: HasProviders, id: string): string =>
  providers.find((one) => one.id === id)?.name ?? id;

const NAMES: Readonly<Record<Preset, string>> = {
  google: 'Google',
  microsoft: 'Microsoft',
  apple: 'Apple',
  github: 'GitHub',
  linkedin: 'LinkedIn',
};

/** Of GitHub, which is no OpenID provider, the web site. */
const ISSUERS: Readonly<Record<Preset, string>> = {
  google: 'https://accounts.google.com',
  microsoft: 'https://login.microsoftonline.com/common/v2.0',
  apple: 'https://appleid.apple.com',
  github: 'https://github.com',
  linkedin: 'https://www.linkedin.com/oauth',
};

const ID = /^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$/;
/** Other ways to sign in, and words of paths. */
const TAKEN_IDS = ['password', 'magic-link', 'passkey', 'totp', 'recovery-codes', 'recovery-code', 'registration'];

/** The settings of an id: `corp-sso` has `CORP_SSO_CLIENT_ID`. */
export const settingOf = (id: string, name: string): string => `${id.toUpperCase().replaceAll('-', '_')}_${name}`;

/** The redirect URI to register at the provider. @param publicUrl without a trailing slash */
export const callbackUrlOf = (publicUrl: string, id: string): string => `${publicUrl}/auth/providers/${id}/callback`;

/** The ids in `PROVIDERS`. @throws Error naming every wrong one */
export function providerIds(value: string): string[] {
  const ids = value
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const problems = ids.flatMap((id, index) => {
    // Not repeated: somebody may have put a secret here by mistake.
    if (!ID.test(id))
      return [`entry ${index + 1}: expected small letters, digits and hyphens, at most 31, such as corp`];
    if (TAKEN_IDS.includes(id)) return [`${id}: is the name of another sign-in method`];
    return ids.indexOf(id) === index ? [] : [`${id} is given twice`];
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return ids;
}

/** The client secrets, which may come from files. */
export function providerSecrets({ PROVIDERS = '' }: Environment): string[] {
  const ids = PROVIDERS.split(',').map((id) => id.trim());
  return ids.filter((id) => ID.test(id)).map((id) => settingOf(id, 'CLIENT_SECRET'));
}

interface Given {
  readonly NODE_ENV?: string;
  readonly PROVIDERS?: readonly string[] | undefined;
  readonly TRUSTED_EMAIL_PROVIDERS?: readonly string[] | undefined;
  readonly GITHUB_URL?: string | undefined;
}

interface Read {
  readonly providers: readonly ProviderSettings[];
  readonly problems: readonly string[];
}

/**
 * Reads the settings of every provider.
 * @param names of all other settings, which no provider may have as well
 */
export function readProviders(given: Given, environment: Environment, names: readonly string[]): Read {
  const ids = given.PROVIDERS ?? [];
  const trusted = given.TRUSTED_EMAIL_PROVIDERS ?? [];
  const unknown = trusted.filter((id) => !ids.includes(id));
  // Not repeated: somebody may have put a secret here by mistake.
  const problems = unknown.map((id) => `TRUSTED_EMAIL_PROVIDERS: entry ${trusted.indexOf(id) + 1} is not in PROVIDERS`);
  const providers = ids.map((id) => {
    const one = new OneProvider(id, given, environment);
    const taken = ['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET', 'NAME'].map((name) => settingOf(id, name));
    const clash = taken.find((name) => names.includes(name));
    if (clash !== undefined)
      problems.push(
        `PROVIDERS: the settings of entry ${ids.indexOf(id) + 1} would include ${clash}, which is another one; choose another id`,
      );
    const provider = one.read(trusted.includes(id));
    problems.push(...one.problems);
    return provider;
  });
  return { providers, problems };
}

/** What one provider needs, and what is wrong with it. */
class OneProvider {
  readonly problems: string[] = [];

  constructor(
    private readonly id: string,
    private readonly given: Given,
    private readonly environment: Environment,
  ) {}

  read(isTrusted: boolean): ProviderSettings {
    const preset = PRESETS.find((one) => one === this.id) ?? null;
    const secret = this.value('CLIENT_SECRET') ?? null;
    if (preset === 'apple') this.checkApple(secret);
    // A generic provider may know Roster as a public client: PKCE protects the code.
    else if (preset !== null && secret === null) this.require('CLIENT_SECRET');
    return {
      id: this.id,
      preset,
      name: this.value('NAME') ?? (preset === null ? this.id : NAMES[preset]),
      issuer: this.issuer(preset),
      clientId: this.value('CLIENT_ID') ?? this.require('CLIENT_ID'),
      clientSecret: () => secret,
      isTrusted,
    };
  }

  private issuer(preset: Preset | null): string {
    const name = preset === 'github' ? 'GITHUB_URL' : settingOf(this.id, 'ISSUER');
    const given = preset === 'github' ? this.given.GITHUB_URL : this.value('ISSUER');
    const issuer = given ?? (preset === null ? this.require('ISSUER') : ISSUERS[preset]);
    const problem = issuer === '' ? undefined : issuerProblem(issuer, this.given.NODE_ENV === 'production');
    if (problem !== undefined) this.problems.push(`${name}: ${problem}`);
    // OpenID issuers are compared byte for byte; GitHub's URL is only a base of others.
    return preset === 'github' ? issuer.replace(/\/$/, '') : issuer;
  }

  private checkApple(secret: string | null): void {
    if (secret !== null) {
      this.problems.push('APPLE_CLIENT_SECRET: Apple has none; set APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY');
    }
    for (const name of ['TEAM_ID', 'KEY_ID', 'PRIVATE_KEY']) if (this.value(name) === undefined) this.require(name);
  }

  private require(name: string): string {
    this.problems.push(`${settingOf(this.id, name)}: required because PROVIDERS names this provider`);
    return '';
  }

  private value(name: string): string | undefined {
    return this.environment[settingOf(this.id, name)]?.trim() || undefined;
  }
}

/** What is wrong with the URL of a provider; undefined if nothing is. */
export function issuerProblem(issuer: string, isProduction: boolean): string | undefined {
  const url = URL.parse(issuer);
  if (!url || !/^https?:$/.test(url.protocol)) return 'expected a URL that starts with https://';
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password';
  if (url.search !== '' || url.hash !== '') return 'expected a URL without query and fragment';
  if (!isProduction) return undefined;
  if (url.protocol === 'http:')
    return 'starts with http://, so that anybody in between could sign in as anybody; production requires https://';
  return isOwnMachine(issuer) ? 'is on this machine, which production does not allow' : undefined;
}

/** Ten capitals and digits, as Apple writes ids of teams and keys. */
export const appleId: Parser<string> = (value) => {
  if (!/^[A-Z0-9]{10}$/.test(value)) throw new Error('expected ten capital letters and digits, as Apple shows it');
  return value;
};

/** The private key that Apple gave, in PEM, with `\\n` for line breaks. */
export const appleKey: Parser<string> = (value) => {
  const pem = value.replaceAll('\\n', '\n');
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return pem;
  } catch {
    // The same message: what the library says may repeat the value.
  }
  throw new Error('expected the P-256 private key in PEM format, as in the .p8 file that Apple gave');
};

/** An http or https URL without a trailing slash, for the paths of GitHub. */
export const baseUrl: Parser<string> = (value) => {
  const problem = issuerProblem(value, false);
  if (problem !== undefined) throw new Error(problem);
  return value.replace(/\/$/, '');
};
