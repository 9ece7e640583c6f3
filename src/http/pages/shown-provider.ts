import type { ProviderSettings } from '../../config/provider-settings.js';

/** A provider as templates show it: `mark.google` chooses its mark. */
export interface ShownProvider {
  readonly id: string;
  readonly name: string;
  readonly mark: Readonly<Record<string, true>>;
}

export function shownProvider({ id, name, preset }: Pick<ProviderSettings, 'id' | 'name' | 'preset'>): ShownProvider {
  return { id, name, mark: preset === null ? {} : { [preset]: true } };
}
