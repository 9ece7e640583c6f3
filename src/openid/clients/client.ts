/** The OAuth grant types that a client may use. Implicit, hybrid and password grants do not exist (RFC 9700, 2.1.2, 2.4). */
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** The scopes that a client may ask for (OpenID Connect Core 1.0, 5.4 and 11; `roles` is Roster's own). */
export const CLIENT_SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access', 'roles'] as const;
export type ClientScope = (typeof CLIENT_SCOPES)[number];

/** How the id_tokens of a client may be signed. */
export const ID_TOKEN_ALGORITHMS = ['RS256', 'ES256'] as const;
export type IdTokenAlgorithm = (typeof ID_TOKEN_ALGORITHMS)[number];

/** An application that signs its people in with Roster. */
export interface Client {
  readonly clientId: string;
  readonly name: string;
  /** Compared exactly, character by character (RFC 9700, 4.1.3). */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly ClientScope[];
  /** The services that it may get JWTs for (RFC 8707); compared exactly. */
  readonly resources: readonly string[];
  /** Without a secret: an application that runs on its user's device (RFC 6749, 2.1). */
  readonly public: boolean;
  /** Of the same organisation as this Roster: nobody is asked for consent. */
  readonly firstParty: boolean;
  readonly idTokenSignedResponseAlg: IdTokenAlgorithm;
  /** Whether the id_token too holds the claims of the scopes. */
  readonly claimsInIdToken: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A client with what its administration needs. */
export interface RegisteredClient extends Client {
  /** Counts its changes, for `If-Match`. */
  readonly version: number;
  /** Until when a replaced secret is still accepted; null if there is none. */
  readonly previousSecretUntil: Date | null;
}

/** What can be chosen of a client. */
export type ClientSettings = Omit<Client, 'clientId' | 'createdAt' | 'updatedAt' | 'backchannelLogoutUri'> & {
  readonly backchannelLogoutUri: string | null;
};

/** A new client; what is absent gets its default. */
export type NewClient = Pick<ClientSettings, 'name'> & Partial<ClientSettings>;

/** A change; what is absent stays. Whether a client is public stays as it is, since its secret depends on that. */
export type ClientChange = Partial<Omit<ClientSettings, 'public'>>;

const DEFAULTS: Omit<ClientSettings, 'name'> = {
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  grantTypes: ['authorization_code', 'refresh_token'],
  scopes: CLIENT_SCOPES,
  resources: [],
  public: false,
  firstParty: false,
  idTokenSignedResponseAlg: 'RS256',
  claimsInIdToken: false,
};

/** The settings of a new client, with the defaults of what is absent. */
export function settingsOf(given: NewClient): ClientSettings {
  return withGiven({ ...DEFAULTS, name: given.name }, given);
}

/** The chosen settings among what is known of a client. */
export function chosenSettingsOf(client: Client): ClientSettings {
  return {
    name: client.name,
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    backchannelLogoutUri: client.backchannelLogoutUri ?? null,
    grantTypes: client.grantTypes,
    scopes: client.scopes,
    resources: client.resources,
    public: client.public,
    firstParty: client.firstParty,
    idTokenSignedResponseAlg: client.idTokenSignedResponseAlg,
    claimsInIdToken: client.claimsInIdToken,
  };
}

/** The settings after a change. */
export function withGiven(settings: ClientSettings, given: Partial<ClientSettings>): ClientSettings {
  const entries: [string, unknown][] = Object.entries(given);
  const present = entries.filter(([, value]) => value !== undefined);
  return { ...settings, ...(Object.fromEntries(present) as Partial<ClientSettings>) };
}

/** Whether a change takes rights away: what was granted before would keep them. */
export function narrows(old: ClientSettings, settings: ClientSettings): boolean {
  const takes = (before: readonly string[], now: readonly string[]) => before.some((one) => !now.includes(one));
  return (
    takes(old.scopes, settings.scopes) ||
    takes(old.grantTypes, settings.grantTypes) ||
    takes(old.resources, settings.resources) ||
    (old.firstParty && !settings.firstParty)
  );
}
