import type { FormState } from '../../http/pages/form-state.js';

type Section = 'overview' | 'profile' | 'addresses' | 'security' | 'devices' | 'applications' | 'activity' | 'data';

/** Where a page of the account stands among the others. */
export interface Here {
  /** The section, as a key for templates; `below` if the page is one of its pages rather than the section itself. */
  readonly here: Readonly<Partial<Record<Section | 'below', true>>>;
}

/** The values that every page of the account has. */
export interface AccountFrame extends Here, FormState {}

export const at = (section: Section): Here => ({ here: { [section]: true } });
export const below = (section: Section): Here => ({ here: { [section]: true, below: true } });
