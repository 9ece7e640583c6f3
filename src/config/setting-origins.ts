import type { Environment } from './secret-files.js';
import type { Setting } from './setting.js';

/** Where the value of a setting comes from; `development`: made by the server itself, which production never does. */
export const SETTING_ORIGINS = ['default', 'set', 'file', 'development', 'absent'] as const;
export type SettingOrigin = (typeof SETTING_ORIGINS)[number];

interface Given {
  readonly origin: SettingOrigin;
  /** As written; never of a secret. */
  readonly text: string | null;
}

const GIVEN = new WeakMap<object, ReadonlyMap<string, Given>>();

/** Keeps where each of these settings came from. @param given the environment, before secrets were read from files */
export function keepOrigins(
  settings: object,
  table: Readonly<Record<string, Setting<unknown>>>,
  given: Environment,
): void {
  const origins = Object.entries(table).map(([name, setting]): [string, Given] => {
    const text = given[name]?.trim();
    if (text) return [name, { origin: 'set', text: setting.secret ? null : text }];
    if (setting.secret && given[`${name}_FILE`]?.trim()) return [name, { origin: 'file', text: null }];
    return [name, setting.default === undefined ? ABSENT : { origin: 'default', text: setting.default }];
  });
  GIVEN.set(settings, new Map(origins));
}

const ABSENT: Given = { origin: 'absent', text: null };

/** Settings with what the server made for itself, such as the address of its own mailbox. */
export function withOwn<S extends object>(settings: S, own: Partial<S>): S {
  const completed = { ...settings, ...own };
  const made = Object.keys(own)
    .filter((name) => settings[name as keyof S] !== completed[name as keyof S])
    .map((name): [string, Given] => [name, { origin: 'development', text: null }]);
  GIVEN.set(completed, new Map([...(GIVEN.get(settings) ?? []), ...made]));
  return completed;
}

export function originOf(settings: object, name: string): Given {
  return GIVEN.get(settings)?.get(name) ?? ABSENT;
}
