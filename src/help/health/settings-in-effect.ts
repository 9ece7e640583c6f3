import type { Setting } from '../../config/setting.js';
import { originOf, type SettingOrigin } from '../../config/setting-origins.js';
import { SETTINGS, type Settings } from '../../config/settings.js';

/** A setting as it may be shown to somebody who looks over the shoulder of an admin. */
export interface ShownSetting {
  readonly name: string;
  /** As written; null where it is not set. Of a secret only the server that a URL names. */
  readonly value: string | null;
  readonly origin: SettingOrigin;
  readonly isSecret: boolean;
  /** In English, as in `.env.example`. */
  readonly description: string;
}

/** What stands for a secret, of any length. */
const HIDDEN = '••••••';

/** Every setting in the order of `.env.example`, without a secret. */
export function settingsInEffect(settings: Settings): ShownSetting[] {
  return Object.entries<Setting<unknown>>(SETTINGS).map(([name, { secret = false, describe: description }]) => {
    const { origin, text } = originOf(settings, name);
    const value: unknown = settings[name as keyof Settings];
    const shown = value === undefined ? null : secret ? withoutSecret(value) : withoutPasswords(text ?? plain(value));
    return { name, value: shown, origin: value === undefined ? 'absent' : origin, isSecret: secret, description };
  });
}

/** Only what names the server: passwords can stand in the user, the path and the parameters of a URL. */
function withoutSecret(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  return url?.host ? `${url.protocol}//${HIDDEN}@${url.host}` : HIDDEN;
}

/** Settings that are no secrets may name URLs, and a URL can hold a password or a token. */
export function withoutPasswords(text: string): string {
  return text
    .replace(/(?<=:\/\/)[^/?#\s"']*@/g, `${HIDDEN}@`)
    .replace(/(?<=[?&#][^=&#\s]*(?:pass|pwd|token|secret|key|sig|auth)[^=&#\s]*=)[^&#\s"',;]+/gi, HIDDEN);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
