import type { LinkUrls } from './link-urls.js';

/** Settings that require each other. */
const PAIRS = [
  ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  ['KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'],
] as const;

/** Settings that require another one, but not vice versa. */
const ADDITIONS = [
  ['DATABASE_DIRECT_URL', 'DATABASE_URL'],
  ['MIGRATION_DATABASE_URL', 'DATABASE_URL'],
  ['READ_DATABASE_URL', 'DATABASE_URL'],
] as const;

/** @returns a problem for every setting that another one requires */
export function missingDependentSettings(settings: Readonly<Record<string, unknown>>): string[] {
  const withoutWayIn = settings['CONSOLE_ENABLED'] === true && !hasSignInPage(settings);
  const needs = [...PAIRS, ...PAIRS.map(([one, other]) => [other, one] as const), ...ADDITIONS];
  const missing = needs.flatMap(([given, needed]) =>
    settings[given] !== undefined && settings[needed] === undefined
      ? [`${needed}: required because ${given} is set`]
      : [],
  );
  return withoutWayIn
    ? [
        ...missing,
        'CONSOLE_ENABLED: with HOSTED_PAGES=false, LINK_URLS has to name your sign-in page (sign-in=https://...)',
      ]
    : missing;
}

/** Whether there is a page to sign in at: ours, or the application's own. */
export function hasSignInPage(settings: Readonly<Record<string, unknown>>): boolean {
  const links = settings['LINK_URLS'] as LinkUrls | undefined;
  return settings['HOSTED_PAGES'] !== false || links?.['sign-in'] !== undefined;
}

const LEAST_AFTER_DELAY_MS = 6000;

const MOST_MS = 3_600_000;

/** @returns a problem if no time would be left to answer requests, or the end would be out of sight */
export function wrongShutdown(settings: {
  readonly SHUTDOWN_DELAY?: number;
  readonly SHUTDOWN_TIMEOUT?: number;
}): string[] {
  const { SHUTDOWN_DELAY = 0, SHUTDOWN_TIMEOUT = Infinity } = settings;
  if (SHUTDOWN_TIMEOUT !== Infinity && SHUTDOWN_TIMEOUT > MOST_MS) return ['SHUTDOWN_TIMEOUT: expected at most 1h'];
  return SHUTDOWN_TIMEOUT < SHUTDOWN_DELAY + LEAST_AFTER_DELAY_MS
    ? ['SHUTDOWN_TIMEOUT: expected at least 6 seconds more than SHUTDOWN_DELAY']
    : [];
}
