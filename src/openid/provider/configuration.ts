import type {
  Context,
  errors as Errors,
  GrantInstance,
  interactionPolicy as Policy,
  InteractionInstance,
  TokenInstance,
} from 'oidc-provider';
import { SCOPES } from '../../access/scopes.js';
import { pathPrefixOf } from '../../config/path-prefix.js';
import type { Settings } from '../../config/settings.js';
import { CLIENT_SCOPES, GRANT_TYPES } from '../clients/client.js';
import { SCOPE_CLAIMS } from './account-claims.js';
import { interactionPolicyOf } from './interaction-policy.js';

/** Where everything is, below `PUBLIC_URL`. */
export const PATHS = {
  authorization: '/oauth2/authorize',
  token: '/oauth2/token',
  userinfo: '/oauth2/userinfo',
  jwks: '/.well-known/jwks.json',
  revocation: '/oauth2/revoke',
  introspection: '/auth/introspect',
  pushed_authorization_request: '/oauth2/par',
  device_authorization: '/oauth2/device-authorization',
  code_verification: '/oauth2/device',
  end_session: '/oauth2/logout',
  interaction: '/oauth2/interaction',
} as const;

export const INTERACTION_COOKIE = 'roster-interaction';

const CODE_SECONDS = 60;
const DEVICE_CODE_SECONDS = 600;
const INTERACTION_SECONDS = 1800;
const PUSHED_REQUEST_SECONDS = 90;

/** What the library calls back. */
export interface Callbacks {
  readonly adapter: (kind: string) => object;
  readonly findAccount: (context: Context, id: string) => Promise<object | undefined>;
  readonly loadExistingGrant: (context: Context) => Promise<GrantInstance | undefined>;
  /** Whether a client may get tokens for this service. */
  readonly mayReach: (clientId: string, resource: string) => Promise<boolean>;
  /** Beside those of RFC 9068, in a JWT for a service. */
  readonly extraTokenClaims: (context: Context, token: TokenInstance) => Promise<object | undefined>;
  readonly renderError: (context: Context, out: Readonly<Record<string, string>>, error: Error) => Promise<void>;
}

/** The configuration of the library. What is not named here is off. */
export function configurationOf(
  settings: Settings,
  { errors, interactionPolicy }: { readonly errors: typeof Errors; readonly interactionPolicy: typeof Policy },
  keys: readonly object[],
  callbacks: Callbacks,
): object {
  const { PUBLIC_URL, CLIENT_REGISTRATION_TOKEN } = settings;
  const prefix = pathPrefixOf(PUBLIC_URL);
  const cookie = { httpOnly: true, sameSite: 'lax', secure: PUBLIC_URL.startsWith('https:') };
  const off = { enabled: false };
  const { InvalidTarget = Error } = errors;
  const seconds = (milliseconds: number): number => Math.max(1, Math.floor(milliseconds / 1000));
  return {
    adapter: callbacks.adapter,
    findAccount: callbacks.findAccount,
    loadExistingGrant: callbacks.loadExistingGrant,
    renderError: callbacks.renderError,
    extraTokenClaims: callbacks.extraTokenClaims,
    jwks: { keys },
    routes: PATHS,
    scopes: [...CLIENT_SCOPES, ...SCOPES],
    claims: { ...SCOPE_CLAIMS, iss: null },
    acrValues: ['aal1', 'aal2'],
    grantTypes: [...GRANT_TYPES],
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    // RFC 9700, 2.1.1: for confidential clients too.
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    conformIdTokenClaims: false,
    // Everything hangs on the session of Roster instead.
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    // It is worth as much as the session, whose end is its own.
    issueRefreshToken: (_context: Context, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    clientBasedCORS: (_context: Context, origin: string, client: { redirectUris: readonly string[] }) =>
      origin !== 'null' && client.redirectUris.some((uri) => URL.parse(uri)?.origin === origin),
    interactions: {
      policy: interactionPolicyOf(interactionPolicy),
      // With the prefix, which its cookie takes for its path.
      url: (_context: Context, { uid }: InteractionInstance) => `${prefix}${PATHS.interaction}/${uid}`,
    },
    cookies: {
      names: { session: 'roster-unused', interaction: INTERACTION_COOKIE, resume: 'roster-resume' },
      // Of a session of the library's own, of which there is none; it asks for this where it takes forms.
      long: { ...cookie, sameSite: 'none' },
      short: cookie,
    },
    enableHttpPostMethods: true,
    discovery: {
      claims_locales_supported: undefined,
      ui_locales_supported: ['en', 'de'],
      end_session_endpoint: PUBLIC_URL + PATHS.end_session,
      ...(CLIENT_REGISTRATION_TOKEN !== undefined && { registration_endpoint: `${PUBLIC_URL}/oauth2/register` }),
      introspection_endpoint: PUBLIC_URL + PATHS.introspection,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    },
    features: {
      devInteractions: off,
      dPoP: off,
      rpInitiatedLogout: off,
      backchannelLogout: off,
      introspection: off,
      requestObjects: off,
      // The page that asks for consent shows scopes, and clients are limited to theirs.
      claimsParameter: off,
      userinfo: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: {
        enabled: true,
        // Another client's token is none of its business, which is not to be told from one that does not exist (RFC 7009, 2.1).
        allowedPolicy: (_context: Context, client: { clientId: string }, token: { clientId: string }) =>
          token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => false,
        getResourceServerInfo: async (_: Context, resource: string, client: { clientId: string; scope?: string }) => {
          // A token for our own API is got by signing in there.
          const isOwn = URL.parse(resource)?.origin === new URL(PUBLIC_URL).origin;
          if (isOwn || !/^https?:/.test(resource) || !(await callbacks.mayReach(client.clientId, resource)))
            throw new InvalidTarget('this resource has no tokens here');
          return {
            scope: client.scope ?? CLIENT_SCOPES.join(' '),
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: seconds(settings.ACCESS_TOKEN_TTL),
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
    ttl: {
      AccessToken: seconds(settings.ACCESS_TOKEN_TTL),
      ClientCredentials: seconds(settings.ACCESS_TOKEN_TTL),
      AuthorizationCode: CODE_SECONDS,
      DeviceCode: DEVICE_CODE_SECONDS,
      Grant: seconds(settings.REFRESH_TOKEN_ABSOLUTE_TTL),
      // Some applications, such as oauth2-proxy, keep people as long as it is valid, whatever becomes of their tokens.
      IdToken: seconds(settings.ACCESS_TOKEN_TTL),
      Interaction: INTERACTION_SECONDS,
      PushedAuthorizationRequest: PUSHED_REQUEST_SECONDS,
      RefreshToken: seconds(settings.REFRESH_TOKEN_IDLE_TTL),
      Session: seconds(settings.REFRESH_TOKEN_ABSOLUTE_TTL),
    },
  };
}
