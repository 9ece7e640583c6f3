import { linkWarnings } from '../../config/link-urls.js';
import { isOwnMachine, isPlaceholder, productionWarnings } from '../../config/production.js';
import { originOf } from '../../config/setting-origins.js';
import { SETTINGS, type Settings } from '../../config/settings.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Ground } from './ground.js';

const about = findingsAbout('settings');

/** Below this, a secret may be guessed: NIST SP 800-131A asks for 112 bits of strength. */
const LEAST_BITS = 112;
const KNOWN_PASSWORDS = /^(?:postgres|roster|password|secret|admin|root|guest|changeme|test|\d{1,8})?$/i;

/** The same that the start checks, and what it accepts although it is weak. */
export function settingsFindings({ settings, problems }: Ground): Finding[] {
  const wrong = problems.map((problem) => about.failed(problem));
  if (problems.length > 0) {
    wrong.push(
      about.unknown('what follows leaves the wrong settings out; the server does not start with them', {
        advice: 'correct them in the environment or .env; docs/settings.md describes every setting',
      }),
    );
  }
  const names = Object.keys(SETTINGS);
  const given = names.filter((name) => ['set', 'file'].includes(originOf(settings, name).origin)).length;
  const summary = about.ok(
    `${given} of ${names.length} are given, the others have their defaults; NODE_ENV is ${settings.NODE_ENV}`,
  );
  return [...(problems.length > 0 ? wrong : [summary]), ...warnings(settings), ...weakSecrets(settings)];
}

function warnings(settings: Settings): Finding[] {
  const ofProduction = settings.NODE_ENV === 'production' ? productionWarnings(settings) : [];
  return [...ofProduction, ...linkWarnings(settings)].map((text) => about.warning(text));
}

function weakSecrets(settings: Settings): Finding[] {
  const keys = ['SECRET_KEY', 'METRICS_TOKEN', 'INTROSPECTION_TOKEN'] as const;
  const weak = keys.filter((name) => isWeak(settings[name]));
  const urls = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'MIGRATION_DATABASE_URL', 'AMQP_URL', 'REDIS_URL'] as const;
  const guessable = urls.filter((name) => hasGuessablePassword(settings[name]));
  const isProduction = settings.NODE_ENV === 'production';
  return [
    ...weak.map((name) =>
      (isProduction ? about.failed : about.warning)(`${name} is weak: it looks like a placeholder, or repeats itself`, {
        expected: 'random bytes that nobody has seen',
        advice:
          name === 'SECRET_KEY'
            ? 'NEW_SECRET_KEY=$(openssl rand -base64 48) npm run roster -- rotate-secret; nothing becomes invalid'
            : `set ${name} to the output of: openssl rand -base64 48`,
      }),
    ),
    ...guessable.map((name) =>
      about.warning(`the password in ${name} is one that is tried first, or there is none`, {
        expected: 'a random password: the server is not on this machine',
        advice: 'give the role a password from: openssl rand -hex 24',
      }),
    ),
  ];
}

/** @returns false where there is none */
export function isWeak(secret: string | undefined): boolean {
  return secret !== undefined && (isPlaceholder(secret) || bitsIn(secret) < LEAST_BITS);
}

/** Shannon's estimate over single characters: at most what there is, so what is below the least is weak for certain. */
function bitsIn(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(count / text.length), 0);
}

function hasGuessablePassword(url: string | undefined): boolean {
  if (url === undefined || isOwnMachine(url)) return false;
  const { hostname, password, username } = new URL(url);
  // A socket, or a file of passwords, or certificates.
  if (hostname === '' || (password === '' && !url.startsWith('amqp'))) return false;
  const given = decoded(password);
  return KNOWN_PASSWORDS.test(given) || given === decoded(username);
}

/** As the clients read it: a percent sign that begins nothing stands for itself. */
function decoded(text: string): string {
  return text.replace(/%[\da-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));
}
