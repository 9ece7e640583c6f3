import type { AdminSignIn } from './auth/first-admin.js';
import type { Settings } from './config/settings.js';

interface Started {
  readonly settings: Settings;
  readonly mailboxUrl: string | null;
  readonly database: string;
  readonly admin: AdminSignIn | undefined;
}

/** What to open, said once everything is up. */
export function summary({ settings, mailboxUrl, database, admin }: Started): string {
  const url = settings.PUBLIC_URL;
  const lines = [
    ['API', url],
    ...(settings.DOCS_ENABLED ? [['Docs', `${url}/docs`]] : []),
    ...(mailboxUrl === null ? [] : [['Mailbox', mailboxUrl]]),
    ['Database', database],
  ];
  if (admin?.generatedPassword)
    lines.push(['Admin', `${admin.email}  password ${admin.generatedPassword}  (shown only now)`]);
  else if (admin) lines.push(['Admin', `${admin.email}  (password from ADMIN_PASSWORD)`]);
  return [
    '',
    '  Roster is running.',
    '',
    ...lines.map(([name = '', value = '']) => `  ${name.padEnd(10)}${value}`),
    '',
    ...(settings.NODE_ENV === 'production' ? [] : ['  Ctrl-C stops it; the data stays.', '']),
  ].join('\n');
}
