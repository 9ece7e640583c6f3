import type { Language } from '../language/words.js';
import { words } from './words.js';

type Words = (typeof words)['en'];

/** The settings of an application, in the order of its page. */
export const SETTINGS = [
  'name',
  'redirectUris',
  'postLogoutRedirectUris',
  'backchannelLogoutUri',
  'grantTypes',
  'scopes',
  'resources',
  'firstParty',
  'idTokenSignedResponseAlg',
  'claimsInIdToken',
] as const;
export type Setting = (typeof SETTINGS)[number];

/** The name of a setting; as the API calls it where it is unknown. */
export function settingName(say: Words, setting: string): string {
  return SETTINGS.some((known) => known === setting) ? say[setting as Setting] : setting;
}

/** A value of a setting, to read. */
export function settingText(language: Language, setting: string, value: unknown): string {
  const say = words[language];
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return say.none_;
  if (typeof value === 'boolean') return value ? say.yes : say.no;
  if (Array.isArray(value)) {
    const names = setting === 'grantTypes' ? value.map((type) => say.grants[type as keyof Words['grants']]) : value;
    return names.join(setting.endsWith('Uris') ? '\n' : ', ');
  }
  return value as string;
}
