import type { UserEventType } from '../api/schema.js';

/** By type; a type that is missing does not compile. */
const KNOWN: Readonly<Record<UserEventType, true>> = {
  'user.created': true,
  'user.email_verified': true,
  'user.verification_token.created': true,
  'user.updated': true,
  'user.username_changed': true,
  'user.email_change_requested': true,
  'user.email_changed': true,
  'user.password_changed': true,
  'user.password_reset.requested': true,
  'user.password_reset.completed': true,
  'user.authenticator_added': true,
  'user.authenticator_removed': true,
  'user.professional_status_changed': true,
  'user.suspended': true,
  'user.reinstated': true,
  'user.deleted': true,
  'user.restored': true,
  'user.role_changed': true,
  'user.scope_changed': true,
  'user.key_created': true,
  'user.key_retired': true,
  'user.contact_added': true,
  'user.contact_confirmed': true,
  'user.contact_removed': true,
  'user.erased': true,
};

export const EVENT_TYPES = Object.keys(KNOWN) as UserEventType[];
