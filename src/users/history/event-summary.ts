import {
  type ContactKind,
  type LinkPurpose,
  PROFILE_FIELDS,
  type UserEvents,
  type UserEventType,
} from '../../events/catalogue.js';
import type { UserEvent } from '../../events/user-event.js';

const ORIGINS: Readonly<Record<UserEvents['user.created']['how'], string>> = {
  registration: 'Registered',
  admin: 'Created',
  invitation: 'Invited',
  import: 'Imported',
};

const ENDS: Readonly<Record<UserEvents['user.erased']['reason'], string>> = {
  'claim-lost': 'somebody else proved the address',
  'claim-expired': 'nobody proved the address in time',
  admin: 'an administrator did it',
  retention: 'the time that deleted users are kept is over',
};

const LINKS: Readonly<Record<LinkPurpose, string>> = {
  'verify-email': 'Verification',
  invitation: 'Invitation',
  'confirm-contact': 'Confirmation',
  'magic-link': 'Sign-in',
};

const KINDS: Readonly<Record<ContactKind, string>> = { email: 'an email address', phone: 'a phone number' };

// Personal values are null once erased, although their types do not say so.
const after = (words: string, value: string | null | undefined): string => (value == null ? '' : `${words}${value}`);

const SUMMARIES: { readonly [T in UserEventType]: (data: UserEvents[T]) => string } = {
  'user.created': ({ how, role }) => `${ORIGINS[how]} as ${role}`,
  'user.email_verified': ({ email }) => `Address proved${after(': ', email)}`,
  'user.verification_token.created': ({ purpose, expiresAt }) => `${LINKS[purpose]} link made, good until ${expiresAt}`,
  'user.updated': (data) => `Profile changed: ${PROFILE_FIELDS.filter((field) => field in data).join(', ')}`,
  'user.username_changed': ({ username }) => `Username changed${after(' to ', username)}`,
  'user.email_change_requested': ({ newEmail, expiresAt }) =>
    `Change of address asked for${after(' to ', newEmail)}, good until ${expiresAt}`,
  'user.email_changed': ({ email }) => `Address changed and proved${after(': ', email)}`,
  'user.password_changed': () => 'Password changed',
  'user.password_reset.requested': ({ expiresAt }) => `Password reset asked for, good until ${expiresAt}`,
  'user.password_reset.completed': () => 'Password reset',
  'user.authenticator_added': ({ kind, label }) => `Way to sign in added: ${kind}${after(', ', label)}`,
  'user.authenticator_removed': ({ kind, label }) => `Way to sign in taken away: ${kind}${after(', ', label)}`,
  'user.professional_status_changed': ({ to }) => (to ? 'Declared a professional' : 'No longer a professional'),
  'user.suspended': ({ reason }) => `Suspended${after(': ', reason)}`,
  'user.reinstated': () => 'Reinstated',
  'user.deleted': () => 'Deleted',
  'user.restored': () => 'Restored',
  'user.role_changed': ({ from, to }) => `Role changed from ${from} to ${to}`,
  'user.scope_changed': ({ to }) => `Scope changed to ${to === '' ? 'nothing' : to}`,
  'user.key_created': ({ name, expiresAt }) => `Key made${after(': ', name)}${after(', good until ', expiresAt)}`,
  'user.key_retired': () => 'Key retired',
  'user.contact_added': ({ kind, value }) => `Contact added, ${KINDS[kind]}${after(': ', value)}`,
  'user.contact_confirmed': ({ kind }) => `Contact confirmed, ${KINDS[kind]}`,
  'user.contact_removed': ({ kind }) => `Contact removed, ${KINDS[kind]}`,
  'user.erased': ({ reason }) => `Erased: ${ENDS[reason]}`,
};

/** Summarises the event in one line of English. */
export function summaryOf(event: UserEvent): string {
  const summarise = SUMMARIES[event.type] as (data: UserEvent['data']) => string;
  // A reason may have several lines.
  return summarise(event.data).replace(/\s+/g, ' ');
}
