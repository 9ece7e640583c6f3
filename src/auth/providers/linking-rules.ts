/** What the provider says of the address: `not` is an address without proof, `none` no address. */
export const EMAIL_CLAIMS = ['verified', 'not', 'none'] as const;
export type EmailClaim = (typeof EMAIL_CLAIMS)[number];

/**
 * The account with that address: `pending` are unconfirmed registrations alone, `unproved` was made by a colleague or an import,
 * `proved` was confirmed by its owner.
 */
export const ACCOUNT_STATES = ['none', 'pending', 'unproved', 'proved', 'suspended', 'deleted'] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** What becomes of a person whose identity is linked to nobody yet. */
export type LinkingOutcome =
  /** A new account, whose address the provider has proved. Waiting registrations for it can be confirmed by nobody any more. */
  | 'register'
  /** A registration that waits for the link in a mail, which goes to the address: its owner, if there is one, is told how to link. */
  | 'confirm'
  /** Linked to the account. */
  | 'link'
  /** Linked to the account, whose address is proved by that: passwords, sessions, factors and links from before end. */
  | 'prove'
  /** Not linked: the account is to sign in first. */
  | 'sign-in-first'
  /** Nobody gets in. */
  | 'refuse'
  /** Without an address there is no account. */
  | 'no-address';

/** If the provider has proved the address, and `TRUSTED_EMAIL_PROVIDERS` believes it. */
const PROVED: Readonly<Record<AccountState, LinkingOutcome>> = {
  none: 'register',
  pending: 'register',
  unproved: 'prove',
  proved: 'link',
  suspended: 'refuse',
  deleted: 'refuse',
};

/**
 * The rules of linking, which stand as a table in `docs/providers.md`. Without a proof that is believed, the outcome is the same for
 * every account, so that nobody learns which addresses have one.
 * @param hasSibling whether the account is linked to another person of the same provider: then the address may have changed hands
 */
export function linkingOutcome(
  email: EmailClaim,
  isTrusted: boolean,
  account: AccountState,
  hasSibling = false,
): LinkingOutcome {
  if (email === 'none') return 'no-address';
  if (email === 'not' || !isTrusted) return 'confirm';
  const outcome = PROVED[account];
  return outcome === 'link' && hasSibling ? 'sign-in-first' : outcome;
}
