import type { Settings } from '../../config/settings.js';

type PageSettings = Pick<Settings, 'PUBLIC_URL' | 'HOSTED_PAGES' | 'LINK_URLS'>;

/**
 * The pages that mails lead to without a one-time link: our own, or where they are switched off the page of the application that
 * signs in; failing that, our entry page, which sends a link for a new password.
 */
export function pageAddresses({ PUBLIC_URL, HOSTED_PAGES, LINK_URLS }: PageSettings) {
  const signIn = LINK_URLS?.['sign-in'];
  const own = (path: string): string => (HOSTED_PAGES ? PUBLIC_URL + path : (signIn ?? PUBLIC_URL));
  return {
    signInUrl: signIn ?? own('/sign-in'),
    devicesUrl: own('/account/devices'),
    resetUrl: own('/forgot-password'),
  };
}
