import type { MailState } from '../api/schema.js';

export type HealthTab = 'overview' | 'mails' | 'providers' | 'settings';
export const MAIL_STATES = ['queued', 'sent', 'failed'] as const satisfies readonly MailState[];

/** What stands in the address of the page. */
export interface HealthSearch {
  readonly tab?: Exclude<HealthTab, 'overview'> | undefined;
  // Of the mails.
  readonly state?: MailState | undefined;
  readonly template?: string | undefined;
  readonly to?: string | undefined;
  readonly cursor?: string | undefined;
  /** A part of the name, the value or the description of a setting. */
  readonly setting?: string | undefined;
}
