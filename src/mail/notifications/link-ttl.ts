import { UNLOCK_TOKEN_TTL_MS } from '../../auth/unlock/unlock-links.js';
import type { Settings } from '../../config/settings.js';
import type { TokenPurpose } from '../../events/catalogue.js';

/** How long a link of each purpose is valid, in milliseconds. */
export function linkTtl(purpose: TokenPurpose, settings: Settings): number {
  switch (purpose) {
    case 'verify-email':
    case 'confirm-contact':
    case 'confirm-email-change':
    case 'restore-account':
      return settings.VERIFICATION_TOKEN_TTL;
    case 'invitation':
      return settings.INVITATION_TOKEN_TTL;
    case 'magic-link':
      return settings.MAGIC_LINK_TTL;
    case 'reset-password':
      return settings.RESET_TOKEN_TTL;
    case 'unlock':
      return UNLOCK_TOKEN_TTL_MS;
  }
}
