import type { FieldError, LinkEnding } from '../../problems/domain-error.js';

/** Why a link no longer works, as a key for translated templates. */
interface LinkWhy {
  readonly why: Readonly<Partial<Record<LinkEnding['why'], true>>>;
}

/** The values of a form for a new password. */
export interface NewPasswordForm {
  /** The account of the password, for password managers. */
  email: string | null;
  minLength: number;
  /** Why the last password was refused: in English, and as a key for translated templates. */
  refusal: string | null;
  weakness: Readonly<Record<string, true>>;
}

/** The account of the link, and when and from where it was requested, so that readers can tell whether they requested it. */
interface LinkOfAccount {
  token: string;
  accountName: string | null;
  requestedAt: Date;
  requestedFrom: string | null;
}

/** For the button that leads to the page to sign in: the address of the account, which is filled in there. */
interface SignInHint {
  /** From `signInQuery`; empty by default. */
  signInQuery?: string;
}

/** The query of the page to sign in that fills in this address. */
export function signInQuery(email: string | null): string {
  return email === null ? '' : `?${new URLSearchParams({ identifier: email }).toString()}`;
}

/**
 * The values of each page, besides the brand. The pages of a room above add theirs by declaration merging, beside the controller
 * that shows them; `PAGE_SAMPLES` of the gallery then asks for a sample.
 */
export interface PageValues {
  /** A request of an application that cannot go back to it. */
  'openid-problem': { error: string; description: string; traceId: string };
  /** `providerName`: by which the registration was made. A new password unlinks it. */
  'verify-email': LinkOfAccount & NewPasswordForm & { newPasswordRequired: boolean; providerName: string | null };
  'accept-invitation': { token: string } & NewPasswordForm;
  'invitation-accepted': SignInHint;
  /** `goOnUrl`: for the browser that registered, which is signed in now. */
  'email-verified': { isSuspended: boolean; goOnUrl: string | null } & SignInHint;
  'confirm-contact': { token: string; address: string; requestedAt: Date };
  'contact-confirmed': object;
  unlock: { token: string; lockedAt: Date; triedFrom: string | null };
  unlocked: object;
  'reset-requested': object;
  'reset-password': {
    token: string;
    requestedAt: Date;
    requestedFrom: string | null;
    isSuspended: boolean;
  } & NewPasswordForm;
  'password-reset': { isSuspended: boolean } & SignInHint;
  'confirm-email-change': LinkOfAccount &
    NewPasswordForm & {
      newEmail: string;
      /** The page asks for a new password. */
      newPasswordRequired: boolean;
      /** False if an admin requested the change: then the current password is not required. */
      currentPasswordRequired: boolean;
      wrongPassword: boolean;
    };
  'email-changed': SignInHint;
  'magic-link-requested': object;
  'magic-link': {
    token: string;
    email: string;
    /** The application's page that signs in with the token, if configured. */
    continueUrl: string | null;
    /** The hosted page that signs this browser in, if there are hosted pages. */
    signInPath: string | null;
    /** This browser requested the link. */
    isHere: boolean;
    /** The codes of the browsers and apps that did; only this browser's if it is one of them. */
    codes: readonly { code: string; requestedAt: Date; requestedFrom: string | null; isOneOfSeveral: boolean }[];
    hasCode: boolean;
    hasSeveral: boolean;
    requestedAt: Date;
    requestedFrom: string | null;
  };
  'restore-account': {
    token: string;
    email: string | null;
    deletedAt: Date;
    requestedAt: Date;
    requestedFrom: string | null;
  };
  'account-restored': object;
  'link-expired': LinkWhy & { explanation: string; freshLinkPath: string | null };
  /** For a link that was used, or has become unnecessary. */
  'already-done': LinkWhy & { isSuspended: boolean; maySignIn: boolean };
  'resend-sent': object;
  /** `docsPath`: null if the documentation is disabled. */
  entry: { docsPath: string | null };
  error: {
    title: string;
    detail: string;
    /** The code of the problem in camelCase, as a key for translated templates. */
    code: Readonly<Record<string, true>>;
    traceId: string;
    errors: readonly FieldError[];
  };
}
export type PageName = keyof PageValues;
