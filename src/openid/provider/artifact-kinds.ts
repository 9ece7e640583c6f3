/** What `oidc-provider` keeps of one model, as far as Roster looks into it. */
export interface Payload {
  readonly accountId?: string;
  readonly clientId?: string;
  readonly grantId?: string;
  /** The session of Roster. */
  readonly sid?: string;
  readonly userCode?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly session?: { readonly accountId?: string };
  readonly params?: Readonly<Record<string, unknown>>;
  consumed?: number | true;
}

/** Whatever of these belongs to a user hangs on that user's session, status and role. */
const SESSION_BOUND: ReadonlySet<string> = new Set([
  'Grant',
  'AccessToken',
  'RefreshToken',
  'AuthorizationCode',
  'DeviceCode',
]);

export const isSessionBound = (kind: string): boolean => SESSION_BOUND.has(kind);

/** Not a model of the library: what a user has allowed a client, which outlives the session. */
export const CONSENT = 'Consent';
