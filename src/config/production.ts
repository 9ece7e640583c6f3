interface Judged {
  readonly SECRET_KEY?: string | undefined;
  readonly BCRYPT_COST?: number;
  readonly PUBLIC_URL?: string;
  readonly MAGIC_LINK_URL?: string | undefined;
}

const NEEDED = {
  DATABASE_URL: 'the embedded PostgreSQL is for development',
  SECRET_KEY: 'generate one with: openssl rand -base64 48',
  SMTP_URL: 'the development mailbox delivers to nobody',
  MAIL_FROM: 'the sender that your mail provider lets you use',
  PUBLIC_URL: 'links in mails are built from it',
  ADMIN_EMAIL: 'the first admin',
};

/** URLs to which one-time tokens are sent. */
const CARRY_TOKENS = ['PUBLIC_URL', 'MAGIC_LINK_URL'] as const;

const PLACEHOLDER = /change.?me|placeholder|example|secret.?key|password|(.)\1{15}/i;

/** Whether a key looks like a placeholder from an example. */
export function isPlaceholder(secretKey: string): boolean {
  return PLACEHOLDER.test(secretKey);
}

/**
 * @param settings as far as they could be parsed
 * @param isGiven whether a setting was given, valid or not
 * @returns what production refuses
 */
export function productionProblems(settings: Judged, isGiven: (name: string) => boolean): string[] {
  const problems = Object.entries(NEEDED).flatMap(([name, why]) =>
    // An invalid value has been reported already.
    isGiven(name) ? [] : [`${name}: required in production (${why})`],
  );
  if (settings.SECRET_KEY && isPlaceholder(settings.SECRET_KEY)) {
    problems.push('SECRET_KEY: is a placeholder; generate one with: openssl rand -base64 48');
  }
  if (settings.BCRYPT_COST !== undefined && settings.BCRYPT_COST < 10) {
    problems.push('BCRYPT_COST: production refuses less than 10');
  }
  for (const name of CARRY_TOKENS.filter(isGiven)) {
    if (settings[name] !== undefined && isPlain(settings[name]) && !isOwnMachine(settings[name])) {
      problems.push(
        `${name}: starts with http://, which would expose passwords and tokens; production requires https:// except for localhost`,
      );
    }
  }
  return problems;
}

/** Settings that production accepts, but that the operator should know of. */
export function productionWarnings(settings: Judged): string[] {
  return CARRY_TOKENS.flatMap((name) =>
    settings[name] !== undefined && isPlain(settings[name])
      ? [`${name} starts with http://: links in mails only work on this machine. Set the public https:// URL.`]
      : [],
  );
}

function isPlain(url: string): boolean {
  return new URL(url).protocol === 'http:';
}

/** What never leaves this machine: loopback addresses and `localhost` with all below it (RFC 6761, 6.3). */
function isOwnMachine(url: string): boolean {
  return /^(?:(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
