import type { Settings } from '../config/settings.js';

/** How the first admin signs in, or a hint for the operator about admins. */
export type AboutAdmin =
  { readonly email: string; readonly generatedPassword: string | null } | 'no-way-in' | 'never-signed-in';

interface Started {
  readonly settings: Settings;
  readonly mailboxUrl: string | null;
  readonly database: string;
  readonly psql: string | null;
  readonly admin: AboutAdmin | undefined;
  /** 0 if the one process serves. */
  readonly workers?: number;
}

/** The summary that is printed once everything is running. */
export function summary({ settings, mailboxUrl, database, psql, admin, workers = 0 }: Started): string {
  const url = settings.PUBLIC_URL;
  const lines = [
    ['API', url],
    ...(settings.CONSOLE_ENABLED ? [['Console', `${url}/console`]] : []),
    ...(settings.HOSTED_PAGES ? [['Sign in', `${url}/sign-in`]] : []),
    ...(settings.DOCS_ENABLED ? [['Docs', `${url}/docs`]] : []),
    ...(mailboxUrl === null ? [] : [['Mailbox', mailboxUrl]]),
    ['Database', database],
    ...(psql === null ? [] : [['', psql]]),
  ];
  if (workers > 0) lines.push(['Workers', String(workers)]);
  if (admin) lines.push(['Admin', aboutAdmin(admin)]);
  return [
    '',
    '  Roster is running.',
    '',
    ...lines.map(([name = '', value = '']) => `  ${name.padEnd(10)}${value}`),
    '',
    ...(settings.NODE_ENV === 'production' ? [] : ['  Press Ctrl-C to stop; the data is kept.', '']),
  ].join('\n');
}

const WAY_IN = 'npm run roster -- admin reset-password';

function aboutAdmin(admin: AboutAdmin): string {
  if (admin === 'no-way-in') return `no admin can sign in; recover access with: ${WAY_IN}`;
  if (admin === 'never-signed-in') return `has never signed in; if the password is lost: ${WAY_IN}`;
  const { email, generatedPassword: password } = admin;
  return password === null
    ? `${email}  (password from ADMIN_PASSWORD)`
    : `${email}  password ${password}  (shown only once)`;
}
