import { Injectable } from '@nestjs/common';
import type * as OidcProvider from 'oidc-provider';
import type { Context, GrantInstance, Provider, TokenInstance } from 'oidc-provider';
import { contextOf } from '../../access/caller.js';
import { LiveSessions } from '../../access/live-sessions.js';
import { pathPrefixOf } from '../../config/path-prefix.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { Clients } from '../clients/clients.js';
import { accountFinder } from './account-claims.js';
import { ArtifactAdapter, successorOf } from './adapter.js';
import { Artifacts } from './artifacts.js';
import { configurationOf } from './configuration.js';
import { type Consent, covers, Grants } from './grants.js';
import { ProviderMetrics } from './provider-metrics.js';
import { ProviderErrors } from './provider-errors.js';
import { ServiceClients } from './service-clients.js';
import { SigningKeys } from './signing-keys.js';
import { levelOf } from '../../auth/sessions/assurance.js';
import { visitOf } from './visits.js';

type Library = typeof OidcProvider;

/**
 * The library, configured for Roster. It is loaded with the first request, and made anew where the signing keys have changed: they are
 * an argument of its constructor. Everything that it keeps is in the database, so nobody notices.
 */
@Injectable()
export class OpenIdProvider {
  private made: { readonly version: string; readonly provider: Provider } | undefined;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keys: SigningKeys,
    private readonly artifacts: Artifacts,
    private readonly clients: Clients,
    private readonly grants: Grants,
    private readonly sessions: LiveSessions,
    private readonly users: UserLookup,
    private readonly pages: ProviderErrors,
    private readonly services: ServiceClients,
    private readonly metrics: ProviderMetrics,
    @InjectLog() private readonly log: Log,
  ) {}

  /** The library with the keys of now. */
  async current(): Promise<Provider> {
    const { version, keys } = await this.keys.current();
    if (this.made?.version === version) return this.made.provider;
    const library = await import('oidc-provider');
    this.made = { version, provider: this.make(library, keys) };
    return this.made.provider;
  }

  private make(library: Library, keys: readonly object[]): Provider {
    const { Provider: Made, errors } = library;
    const { artifacts, clients, sessions, services } = this;
    const { InvalidGrant } = errors;
    if (!InvalidGrant) throw new Error('oidc-provider has no error InvalidGrant');
    const context = () => Made.ctx;
    const invalidGrant = (description: string) => new InvalidGrant(description);
    const parts = { artifacts, clients, sessions, services, context, invalidGrant };
    const provider: Provider = new Made(
      this.settings.PUBLIC_URL,
      configurationOf(this.settings, library, keys, {
        adapter: (kind) => new ArtifactAdapter(kind, parts),
        findAccount: accountFinder(this.users, clients),
        loadExistingGrant: (ctx) => this.grantFor(provider, ctx),
        // A service account is no client: it acts for itself.
        mayReach: async (id, resource) => (await clients.find(id))?.resources.includes(resource) ?? true,
        extraTokenClaims: (ctx, token) => this.jwtClaims(ctx, token),
        renderError: (ctx, out) => this.pages.render(ctx, out),
      }),
    );
    this.metrics.watch(provider);
    provider.on('server_error', (_context: Context, err: Error) => {
      this.log.error({ err }, 'a request of an application failed');
    });
    this.fit(provider, context);
    return provider;
  }

  /** What the library does differently from us, and has no option for. */
  private fit(provider: Provider, context: () => Context | undefined): void {
    const { artifacts, clients, services } = this;
    const publicUrl = new URL(this.settings.PUBLIC_URL);
    // Where it is reached is settled, whatever the headers of a request say.
    provider.use(async (ctx, next) => {
      Object.defineProperties(ctx.request, {
        protocol: { value: publicUrl.protocol.slice(0, -1) },
        host: { value: publicUrl.host },
      });
      await next();
      allowFormPost(ctx);
    });
    const mountPath = pathPrefixOf(this.settings.PUBLIC_URL);
    override(provider.OIDCContext.prototype, 'urlFor', (name: string, options: object) =>
      provider.urlFor(name, { mountPath, ...options }),
    );
    // The session is Roster's: there is no other, and no cookie of its own that could outlive it.
    override(provider.Session, 'get', (ctx: Context) => sessionOf(provider, ctx));
    override(provider.Client.prototype, 'compareClientSecret', function (this: { clientId: string }, secret: string) {
      return services.isKey(secret)
        ? services.prove(this.clientId, secret, context())
        : clients.verifySecret(this.clientId, secret);
    });
    override(provider.Client.prototype, 'includeSid', () => true);
    // Exactly, with no other port for programs on the user's device either (RFC 9700, 4.1.3).
    override(provider.Client.prototype, 'redirectUriAllowed', function (this: { redirectUris: string[] }, uri: string) {
      return this.redirectUris.includes(uri);
    });
    const inPayload = (provider.Grant as unknown as { IN_PAYLOAD: string[] }).IN_PAYLOAD;
    Object.defineProperty(provider.Grant, 'IN_PAYLOAD', { get: () => [...inPayload, 'sid'] });
    const { prototype } = provider.RefreshToken;
    const generate = Reflect.get(prototype, 'generateTokenId');
    override(prototype, 'generateTokenId', function (this: object) {
      const used = context()?.oidc.entities['RotatedRefreshToken'];
      return used ? successorOf(artifacts, used.jti) : generate.call(this);
    });
  }

  private async jwtClaims(ctx: Context, { aud, sid, kind, scopes }: TokenInstance): Promise<object | undefined> {
    if (kind === 'ClientCredentials') return aud === undefined ? undefined : this.services.claimsIn(ctx);
    const caller = aud === undefined || sid === undefined ? undefined : await this.sessions.callerNow(sid);
    const user = caller && (await this.users.findById(caller.userId));
    // The epoch is the version of the user with this role: services tell by it which tokens a change of the role revokes.
    return user && { sid, epoch: user.version, ...(scopes.has('roles') && { role: user.role }) };
  }

  /** The grant of the client in this session, with what was asked for if that needs nobody's consent. */
  private async grantFor(provider: Provider, ctx: Context): Promise<GrantInstance | undefined> {
    const { session, client, account, result, resourceServers } = ctx.oidc;
    const chosen = (result?.['consent'] as { grantId?: string } | undefined)?.grantId;
    const id = chosen ?? (await this.grants.idFor(session.uid, client.clientId));
    const known = id === undefined ? undefined : await provider.Grant.find(id);
    if (!account || chosen !== undefined) return known;
    const wanted = { scopes: [...ctx.oidc.requestParamOIDCScopes], resources: Object.keys(resourceServers) };
    if (known && isGranted(known, wanted)) return known;
    const registered = await this.clients.find(client.clientId);
    const basis = registered?.firstParty === true ? 'first-party' : 'remembered';
    const isAllowed =
      basis === 'first-party' || covers(await this.grants.consentOf(account.accountId, client.clientId), wanted);
    if (!isAllowed) return known;
    const grant = known ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
    const request = visitOf(ctx.req)?.reply.request;
    if (!request) return known;
    const saved = await this.grants.save(grant, session.uid, wanted, { context: contextOf(request), basis });
    return saved === undefined ? undefined : grant;
  }
}

function isGranted(grant: GrantInstance, wanted: Consent): boolean {
  const scopes = grant.getOIDCScopeEncountered().split(' ');
  const resources = wanted.resources.filter((one) => grant.getResourceScopeEncountered(one).trim() !== '');
  return covers({ scopes, resources }, wanted);
}

function sessionOf(provider: Provider, ctx: Context) {
  const session = provider.Session.instantiate();
  const signedIn = visitOf(ctx.req)?.signedIn;
  if (signedIn) {
    const { caller, assurance } = signedIn;
    Object.assign(session, {
      uid: caller.sessionId,
      jti: caller.sessionId,
      accountId: caller.userId,
      loginTs: Math.floor(assurance.authenticatedAt.getTime() / 1000),
      acr: levelOf(assurance.amr),
      amr: assurance.amr,
    });
  }
  // Its clients all know it by the one id.
  override(session, 'sidFor', () => session.uid);
  // Untouchable: it is written nowhere, and no cookie is sent for it.
  Object.defineProperty(session, 'touched', { value: false });
  (ctx.oidc as unknown as { entity(name: string, value: object): void }).entity('Session', session);
  return Promise.resolve(session);
}

/** The page that posts the answer to the client (OAuth 2.0 Form Post Response Mode): its script, and its form, and nothing else. */
function allowFormPost(ctx: Context): void {
  const isForm = ctx.type === 'text/html' && typeof ctx.body === 'string' && ctx.body.includes('<form method="post"');
  const target = isForm ? ctx.oidc.params['redirect_uri'] : undefined;
  const url = typeof target === 'string' ? URL.parse(target) : null;
  if (!url) return;
  const script = /'sha256-[^']+'/.exec(ctx.response.get('content-security-policy'))?.[0] ?? "'none'";
  const form = url.origin === 'null' ? url.protocol : url.origin;
  const policy = `default-src 'none'; script-src ${script}; form-action ${form}; base-uri 'none'; frame-ancestors 'none'`;
  ctx.set({ 'content-security-policy': policy, 'cache-control': 'no-store' });
}

function override(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
