import { withToken } from '../../config/link-urls.js';
import type { Settings } from '../../config/settings.js';
import type { TokenPurpose } from '../../events/catalogue.js';

/** The page of ours that each link opens. */
const LINK_PATHS: Readonly<Record<TokenPurpose, string>> = {
  'verify-email': '/auth/verify-email',
  invitation: '/auth/accept-invitation',
  'confirm-contact': '/auth/confirm-contact',
  'magic-link': '/auth/magic-link',
  'reset-password': '/auth/reset-password',
  'confirm-email-change': '/auth/confirm-email-change',
  unlock: '/auth/unlock',
  'restore-account': '/auth/restore-account',
};

/**
 * The address of a mailed link: of the application's page, if `LINK_URLS` has one, with the token in the fragment; else of ours.
 * `MAGIC_LINK_URL` is linked by our page, whose button mail scanners do not press: an application may rely on that and use the
 * token as soon as its page opens.
 */
export function linkAddress(
  { PUBLIC_URL, LINK_URLS }: Pick<Settings, 'PUBLIC_URL' | 'LINK_URLS'>,
  purpose: TokenPurpose,
  token: string,
): string {
  const own = LINK_URLS?.[purpose];
  return own === undefined ? `${PUBLIC_URL}${LINK_PATHS[purpose]}?token=${token}` : withToken(own, token);
}
