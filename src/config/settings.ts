import { BROKER_TABLE } from './broker-table.js';
import { hasSignInPage, missingDependentSettings, wrongShutdown } from './dependent-settings.js';
import { contradictingLinkUrls, linkUrls } from './link-urls.js';
import * as mail from './mail-settings.js';
import * as network from './network-settings.js';
import * as parse from './parsers.js';
import { productionProblems } from './production.js';
import { type HasProviders, providerSecrets, readProviders } from './provider-settings.js';
import { PROVIDER_TABLE } from './provider-table.js';
import { type Environment, withSecretFiles } from './secret-files.js';
import { SERVER_TABLE } from './server-table.js';
import { optional, required, secret, type Setting } from './setting.js';
import { keepOrigins } from './setting-origins.js';
import { SettingsError } from './settings-error.js';
import { TRACING_TABLE } from './tracing-table.js';

export { isPlaceholder } from './production.js';
export { SettingsError } from './settings-error.js';

/** Every setting that Roster knows, in the order of `.env.example`. */
export const SETTINGS = {
  ...SERVER_TABLE,
  DATA_DIR: required(parse.text, '.data', 'directory of the embedded database, the mailbox and a generated SECRET_KEY'),
  SECRET_KEY: secret(
    parse.secret,
    'at least 32 bytes; wraps every other key; generated and kept under DATA_DIR when unset',
  ),
  SMTP_URL: secret(
    mail.smtpUrl,
    'SMTP server, e.g. smtps://user:password@smtp.example.com, or smtp://smtp.example.com?requireTLS=true; when unset, mails go to the development mailbox',
  ),
  SMTP_CONNECTIONS: required(parse.integer(1, 50), '5', 'concurrent connections to the SMTP server, per instance'),
  SMTP_RATE_LIMIT: optional(
    mail.perSecond,
    'maximum mails per second that the SMTP server accepts, over all instances, e.g. 14',
  ),
  MAIL_FROM: optional(parse.mailbox, 'sender of every mail, e.g. Roster <no-reply@example.com>'),
  MAIL_RETENTION: required(parse.duration, '90d', 'how long delivery records are kept'),
  DKIM_DOMAIN: optional(mail.dnsName, 'domain that signs every mail (DKIM), e.g. example.com'),
  DKIM_SELECTOR: optional(mail.dnsName, 'selector of its public key: <selector>._domainkey.<domain>'),
  DKIM_PRIVATE_KEY: secret(mail.rsaPrivateKey, 'its private RSA key in PEM, with \\n for line breaks'),
  ADMIN_EMAIL: required(
    parse.email,
    'admin@localhost',
    'address of the first admin, who is created at the first start only',
  ),
  ADMIN_PASSWORD: secret(
    parse.text,
    'password of the first admin; when unset, a random one is printed once (required at the first start in production)',
  ),
  ACCESS_TOKEN_TTL: required(parse.duration, '15m', 'lifetime of an access token'),
  REFRESH_TOKEN_IDLE_TTL: required(parse.duration, '7d', 'how long an unused session lasts'),
  REFRESH_TOKEN_ABSOLUTE_TTL: required(parse.duration, '30d', 'how long a session lasts at most, used or not'),
  REFRESH_REUSE_GRACE: required(
    parse.duration,
    '10s',
    'how long a just-rotated refresh token still returns its successor',
  ),
  STEP_UP_AGE: required(
    parse.duration,
    '10m',
    'how long after a sign-in or step-up a session may do what takes a fresh proof, such as deleting an account',
  ),
  REQUIRE_SECOND_FACTOR: required(
    parse.oneOf('none', 'AUTHENTICATED', 'MANAGER', 'ADMIN'),
    'none',
    'the least role whose users have to set up a second factor at their next sign-in; none lets everybody choose',
  ),
  REMEMBERED_DEVICE_TTL: required(
    parse.duration,
    '30d',
    'how long a device that the user lets Roster remember is not asked for a second factor',
  ),
  PASSWORD_HASH: required(
    parse.oneOf('bcrypt', 'argon2id'),
    'bcrypt',
    'algorithm of password hashes: bcrypt, or argon2id (19 MiB, 2 passes), which is several times as fast at the same strength',
  ),
  BCRYPT_COST: required(parse.integer(4, 15), '12', 'bcrypt work factor; production refuses less than 10'),
  HASH_NICE: required(
    parse.integer(0, 19),
    '19',
    'nice value of the hashing processes: 19 yields to everything else; lower it where other programs keep the machine busy',
  ),
  HASH_PROCESSES: optional(
    parse.integer(1, 256),
    'hashing processes of each server process; by default one for each core, shared by the processes of --workers',
  ),
  HASH_MAX_WAIT: required(
    parse.durationWithin('100ms', '20s'),
    '2s',
    'longest expected wait for a hashing process; a sign-in that would wait longer is refused at once with 503 and Retry-After',
  ),
  PASSWORD_MIN_LENGTH: required(
    parse.integer(8, 64),
    '12',
    'minimum password length; NIST SP 800-63B-4 requires 15 where a password is the only factor',
  ),
  INTROSPECTION_TOKEN: secret(
    parse.secret,
    'bearer token for services that call POST /auth/introspect; at least 32 bytes. Goes with the next release: use keys of service accounts',
  ),
  CLIENT_REGISTRATION_TOKEN: secret(
    parse.secret,
    'bearer token of those who may register applications at POST /oauth2/register (RFC 7591); at least 32 bytes. Nobody may without it',
  ),
  LOCKOUT_THRESHOLD: required(parse.integer(1, 1000), '5', 'wrong passwords before an account is locked'),
  LOCKOUT_DURATION: required(parse.duration, '1m', 'duration of the first lock; doubles each time'),
  LOCKOUT_MAX_DURATION: required(parse.duration, '15m', 'maximum duration of a lock'),
  VERIFICATION_TOKEN_TTL: required(parse.duration, '24h', 'lifetime of a verification link'),
  INVITATION_TOKEN_TTL: required(parse.duration, '7d', 'lifetime of an invitation link'),
  RESET_TOKEN_TTL: required(parse.duration, '30m', 'lifetime of a password reset link'),
  MAGIC_LINK_TTL: required(parse.duration, '15m', 'lifetime of a sign-in link'),
  MAGIC_LINK_URL: optional(
    parse.url('https:', 'http:'),
    'page of your application that signs in with the token of a sign-in link, given as #token=; LINK_URLS is the newer way',
  ),
  LINK_URLS: optional(
    linkUrls,
    'pages of your application that links in mails open, with the token as #token=: <link>=<URL>, separated by spaces',
  ),
  PENDING_RETENTION: required(parse.duration, '7d', 'how long unconfirmed registrations are kept'),
  DELETED_RETENTION: required(parse.duration, '30d', 'how long deleted users are kept before they are erased'),
  AUTH_EVENT_RETENTION: required(
    parse.duration,
    '180d',
    'how long sign-in evidence is kept; at least a month, deleted by whole months',
  ),
  PRODUCT_NAME: required(parse.text, 'Roster', 'product name in mails and pages'),
  BRAND_COLOR: required(
    parse.color,
    '#1f5eff',
    'colour of buttons in mails and pages; their text is white or black, whichever has the better contrast',
  ),
  LOGO_URL: optional(parse.logo, 'logo in mails and pages in place of the product name: https URL of an image'),
  SUPPORT_EMAIL: optional(parse.email, 'support address in mails and pages'),
  TEMPLATES_DIR: optional(parse.text, 'directory whose files replace those of the same name in templates/'),
  HIBP_ENABLED: required(parse.flag, 'false', 'check new passwords against Have I Been Pwned (range query)'),
  METRICS_TOKEN: secret(parse.secret, 'bearer token with which Prometheus scrapes /metrics; at least 32 bytes'),
  EVENT_PERSONAL_DATA: required(
    parse.oneOf('include', 'omit'),
    'include',
    'whether events sent to other systems carry personal data',
  ),
  RATE_LIMIT_ENABLED: required(parse.flag, 'true', 'rate limits per client address and account'),
  TRUST_PROXY: optional(
    network.proxies,
    'addresses or CIDR ranges of trusted proxies (X-Forwarded-For), separated by commas',
  ),
  CORS_ORIGINS: optional(network.origins, 'origins from which browsers may call the API, separated by commas'),
  HOSTED_PAGES: required(
    parse.flag,
    'true',
    'whether the pages for sign-in, registration and the account are served; without them, / is a plain entry page',
  ),
  CONSOLE_ENABLED: required(
    parse.flag,
    'true',
    'whether the console for managers and admins is served at /console; off by default where HOSTED_PAGES=false and LINK_URLS names no sign-in page',
  ),
  SIGN_IN_REDIRECTS: optional(
    network.webOrigins,
    'origins besides PUBLIC_URL to which ?continue= may lead after signing in, separated by commas',
  ),
  ...PROVIDER_TABLE,
  ...BROKER_TABLE,
  WEBHOOK_ALLOW_PRIVATE: optional(
    parse.flag,
    'whether webhooks may target private and loopback addresses, internal names and plain HTTP (default: not in production)',
  ),
  REDIS_URL: secret(parse.url('redis:', 'rediss:'), 'shares rate limits through Redis instead of PostgreSQL'),
  DOCS_ENABLED: required(parse.flag, 'true', 'whether /docs, /redoc and /docs-json are served'),
  LOG_LEVEL: required(
    parse.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'minimum level that is logged',
  ),
  ...TRACING_TABLE,
} satisfies Record<string, Setting<unknown>>;

type Table = typeof SETTINGS;

/** The settings as the program reads them: every value parsed, durations in milliseconds. */
export type Settings = {
  readonly [Name in keyof Table]: ReturnType<Table[Name]['parse']> | Absent<Table[Name]>;
} & HasProviders;
type Absent<S> = S extends { default: string } ? never : undefined;

/** The settings that may come from a file. */
export const SECRETS: readonly string[] = Object.entries<Setting<unknown>>(SETTINGS).flatMap(([name, setting]) =>
  setting.secret ? [name] : [],
);

/**
 * Reads and checks every setting.
 * @throws SettingsError naming all that is wrong at once.
 */
export function loadSettings(given: Environment): Settings {
  const { environment, problems: wrongFiles } = withSecretFiles(given, [...SECRETS, ...providerSecrets(given)]);
  const problems = [...wrongFiles];
  // An empty variable is how compose files and shells say "not set".
  const isGiven = (name: string): boolean => [name, `${name}_FILE`].some((one) => Boolean(environment[one]?.trim()));
  const settings: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const value = environment[name]?.trim() || setting.default;
    if (value === undefined) continue;
    try {
      settings[name] = setting.parse(value);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  const { providers, problems: providerProblems } = readProviders(settings, environment, Object.keys(SETTINGS));
  const loaded = {
    ...settings,
    ...(!isGiven('CONSOLE_ENABLED') && !hasSignInPage(settings) && { CONSOLE_ENABLED: false }),
    providers,
    PUBLIC_URL: isGiven('PUBLIC_URL') ? settings['PUBLIC_URL'] : `http://localhost:${String(settings['PORT'])}`,
  } as Settings;
  problems.push(
    ...missingDependentSettings(loaded),
    ...wrongShutdown(loaded),
    ...contradictingLinkUrls(loaded),
    ...providerProblems,
  );
  problems.push(...mail.dkimProblems(isGiven));
  if (loaded.NODE_ENV === 'production') problems.push(...productionProblems(loaded, isGiven));
  if (problems.length > 0) throw new SettingsError(problems);
  keepOrigins(loaded, SETTINGS, given);
  return loaded;
}
