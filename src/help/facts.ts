import type { UserRole } from '../access/role.js';
import type { AuthEventType } from '../auth/sign-in-evidence/auth-event.js';
import type { ErasureReason, ClaimEnd, UserEventType } from '../events/catalogue.js';
import type { MailTemplate } from '../mail/notifications/mail-templates.js';

interface AboutMail {
  readonly mailId: string;
  readonly template: MailTemplate;
  readonly to: string;
}

/** Where failures came from: the last addresses, at most three. */
interface Failures {
  readonly failures: number;
  readonly from: readonly string[];
}

/** A user as others are told of it: by its name, where the reader may see it. */
interface AboutUser {
  readonly userId: string | null;
  readonly name: string | null;
}

/** What can be said, by code, with the values of its sentence. Codes are never renamed. */
export interface FactValues {
  // Of the account.
  erased: { readonly reason: ErasureReason | ClaimEnd; readonly by: string | null };
  deleted: {
    readonly by: string | null;
    readonly bySelf: boolean;
    readonly erasedOn: Date;
    readonly mayReturn: boolean;
  };
  suspended: { readonly by: string | null; readonly reason: string | null };
  'never-confirmed': { readonly removedOn: Date };
  'address-taken': object;
  'newer-registration': { readonly registrations: number; readonly newest: Date };
  'link-good': { readonly until: Date };
  'link-over': object;
  'invitation-open': { readonly until: Date };
  'invitation-over': object;
  'no-way-in': object;
  /** `names`: of those methods that are providers. */
  'no-password': { readonly methods: readonly string[]; readonly names: Readonly<Record<string, string>> };
  'no-own-address': object;
  'second-factor-missing': { readonly role: UserRole };
  'staff-only': object;
  // Of signing in.
  locked: Failures & { readonly until: Date };
  'known-devices-free': object;
  'known-device-locked': Failures & { readonly until: Date };
  'second-step-locked': Failures & { readonly until: Date };
  'second-step-known-locked': Failures & { readonly until: Date };
  'link-check-locked': Failures & { readonly until: Date };
  'registration-locked': Failures & { readonly until: Date };
  'failures-counted': Failures & { readonly threshold: number };
  'second-factor-pending': { readonly times: number };
  'sign-in-failed': Failures & { readonly reason: string; readonly method: string | null };
  'rate-limited': { readonly until: Date };
  'client-limited': { readonly from: string; readonly until: Date };
  'signed-in': object;
  'never-signed-in': object;
  'nothing-in-the-way': object;
  // Of mails.
  'mail-sent': AboutMail & { readonly answer: string | null };
  'mail-waiting': AboutMail & { readonly reason: string | null; readonly attempts: number; readonly nextAttempt: Date };
  'mail-failed': AboutMail & { readonly reason: string | null; readonly attempts: number };
  'mail-not-needed': AboutMail;
  'mails-used-up': { readonly until: Date };
  'message-unknown': object;
  // Of what was pasted.
  'address-unknown': { readonly sees: 'all' | 'some' };
  'address-of-contact': AboutUser & { readonly confirmed: boolean };
  'id-unknown': { readonly sees: 'all' | 'some' };
  'phone-unknown': object;
  'phone-shared': AboutUser;
  'word-unknown': object;
  registrations: { readonly registrations: number; readonly newest: Date };
  'trace-unknown': object;
  'trace-change': AboutUser & { readonly type: UserEventType; readonly by: string | null };
  'trace-sign-in': AboutUser & {
    readonly type: AuthEventType;
    readonly reason: string | null;
    readonly from: string | null;
  };
}

export type FactCode = keyof FactValues;

/** What keeps somebody out, or a mail away; all other facts only help to understand. */
const REASONS: ReadonlySet<FactCode> = new Set([
  'erased',
  'deleted',
  'suspended',
  'never-confirmed',
  'address-taken',
  'invitation-open',
  'invitation-over',
  'no-way-in',
  'no-own-address',
  'second-factor-missing',
  'locked',
  'known-device-locked',
  'second-step-locked',
  'second-step-known-locked',
  'registration-locked',
  'second-factor-pending',
  'rate-limited',
  'client-limited',
  'mail-waiting',
  'mail-failed',
  'mails-used-up',
  'address-unknown',
  'word-unknown',
]);

/** Something that was found, not yet in words. */
export type Fact = {
  readonly [Code in FactCode]: {
    readonly code: Code;
    readonly at: Date | null;
    readonly isReason: boolean;
    readonly values: FactValues[Code];
  };
}[FactCode];

export function fact<Code extends FactCode>(code: Code, values: FactValues[Code], at: Date | null = null): Fact {
  return { code, at, isReason: REASONS.has(code), values } as unknown as Fact;
}
