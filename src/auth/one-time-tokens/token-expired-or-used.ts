import type { TokenPurpose } from '../../events/catalogue.js';
import { DomainError, type LinkEnding } from '../../problems/domain-error.js';

/** How a link ended. */
export type LinkEnd =
  | 'used'
  | 'expired'
  /** By a newer one of its kind. */
  | 'replaced'
  /** By a change of password or address, a suspension or a deletion. */
  | 'withdrawn'
  /** Its address was confirmed in another way. */
  | 'confirmed'
  /** Its subject no longer exists: the lockout or the contact. */
  | 'pointless';

/** A dead link, described for its holder: the HMAC was correct. */
export interface EndedLink {
  readonly purpose: TokenPurpose;
  readonly how: LinkEnd;
  /** The current state of the account. */
  readonly account: 'suspended' | 'deleted' | 'open';
  /** Of the user. */
  readonly locale: string | null;
}

type Why = Exclude<LinkEnding['why'], 'incomplete'>;

const SENTENCES: Readonly<Record<Why, string>> = {
  unknown: 'This link is no longer valid: it was used, replaced by a newer one, or has expired. Request a new one.',
  expired: 'This link has expired. Request a new one.',
  replaced: 'A newer link was mailed after this one. Open the link in the latest mail, or request a new one.',
  withdrawn:
    'This link is no longer valid: after it was mailed, the password or email address of the account was changed, or the account was suspended or deleted. Request a new one.',
  alreadyConfirmed: 'This email address is already confirmed.',
  proved:
    'The email address of this account is already confirmed, so the invitation is no longer needed. To set a password, request a password reset link.',
  accepted: 'This invitation was already accepted. Sign in with the password that was set then.',
  passwordChosen: 'This link was already used to set a new password. Request a new one to set another.',
  signedIn: 'This link was already used to sign in. Request a new one.',
  unlocked: 'The lockout that this link was sent for has ended.',
  restored: 'The account is already restored.',
  removed: 'This address no longer belongs to the account.',
  suspended: 'The account is suspended: nobody can sign in to it until an administrator reinstates it.',
  deleted: 'The account was deleted.',
};

/**
 * The link was used, replaced by a newer one, has expired, or was forged. Which of these is only disclosed to the holder of the
 * genuine token.
 */
export class TokenExpiredOrUsed extends DomainError {
  readonly code: string = 'token-expired-or-used';
  override readonly linkEnding: LinkEnding & { readonly why: Why };

  constructor(readonly ended?: EndedLink) {
    const why = ended ? whyOf(ended) : 'unknown';
    const account = ended ? accountOf(ended) : null;
    const more = why === 'alreadyConfirmed' && account === 'suspended' ? ` ${SENTENCES.suspended}` : '';
    super(SENTENCES[why] + more);
    this.linkEnding = { why, account, locale: ended?.locale ?? null };
  }
}

/** A link was used again for what it has confirmed already, such as by a second click. */
export class AlreadyConfirmed extends TokenExpiredOrUsed {
  override readonly code = 'already-confirmed';
}

/** For links that confirm an address. @throws AlreadyConfirmed if the link has done so before; else `error` */
export function rethrowAlreadyConfirmed(error: unknown): never {
  const isSo = error instanceof TokenExpiredOrUsed && error.linkEnding.why === 'alreadyConfirmed';
  throw isSo ? new AlreadyConfirmed(error.ended) : error;
}

/** Purposes whose mails go to addresses that may be a stranger's. */
const TO_STRANGERS: ReadonlySet<TokenPurpose> = new Set(['confirm-contact', 'confirm-email-change']);

function accountOf({ purpose, account }: EndedLink): LinkEnding['account'] {
  if (purpose === 'confirm-contact') return null;
  return TO_STRANGERS.has(purpose) && account !== 'open' ? null : account;
}

function whyOf(ended: EndedLink): Why {
  const { purpose, how } = ended;
  const account = accountOf(ended);
  // For a restoration link that is to be expected, unless the account was restored before.
  const wasRestored = how === 'used' || how === 'pointless';
  if (account === 'deleted' && (purpose !== 'restore-account' || wasRestored)) return 'deleted';
  const isDone = how === 'used' || how === 'confirmed';
  if (isDone && (purpose === 'verify-email' || TO_STRANGERS.has(purpose))) return 'alreadyConfirmed';
  if (account === 'suspended') return 'suspended';
  switch (how) {
    case 'used':
      return WHEN_USED[purpose] ?? 'unknown';
    case 'confirmed':
      return 'proved';
    case 'pointless':
      return WHEN_USED[purpose] ?? 'removed';
    default:
      return how;
  }
}

const WHEN_USED: Readonly<Partial<Record<TokenPurpose, Why>>> = {
  invitation: 'accepted',
  'reset-password': 'passwordChosen',
  'magic-link': 'signedIn',
  unlock: 'unlocked',
  'restore-account': 'restored',
};
