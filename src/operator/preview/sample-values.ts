import { UNTOUCHED } from '../../http/pages/form-state.js';

// Values that samples of the account's pages have in common.
export const MOMENT = new Date('2026-01-21T09:14:00Z');
export const EARLIER = new Date('2026-01-04T18:40:00Z');
export const EMAIL = 'ada.lovelace@example.com';

/** A form with one field that is refused. */
export const invalid = (field: string) => ({
  hasProblem: true,
  problem: { validationFailed: true } as const,
  detail: null,
  retryAfter: null,
  invalid: { [field]: 'must be valid' },
});

/** A form that is refused as a whole. */
export const problem = (code: string) => ({ ...UNTOUCHED, hasProblem: true, problem: { [code]: true } as const });

/** One button of each kind. */
export const PROVIDERS = [
  ...['Google', 'Microsoft', 'Apple', 'GitHub', 'LinkedIn'].map((name) => ({
    id: name.toLowerCase(),
    name,
    mark: { [name.toLowerCase()]: true as const },
  })),
  { id: 'corp', name: 'Corp & Co', mark: {} },
];
