// The package has no types of its own; this is what Roster uses of it.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface InteractionInstance {
    readonly uid: string;
    readonly returnTo: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly prompt: {
      readonly name: string;
      readonly reasons: readonly string[];
      readonly details: Readonly<Record<string, unknown>>;
    };
    readonly iat: number;
    readonly exp: number;
    readonly lastSubmission?: object;
    readonly grantId?: string;
    session?: { readonly accountId: string; readonly uid: string } | undefined;
    result?: object;
    save(ttl: number): Promise<string>;
    destroy(): Promise<void>;
  }

  export interface GrantInstance {
    readonly jti: string;
    readonly accountId: string;
    readonly clientId: string;
    /** The session of Roster; kept by us. */
    sid?: string;
    addOIDCScope(scope: string): void;
    addOIDCClaims(claims: readonly string[]): void;
    addResourceScope(resource: string, scope: string): void;
    getOIDCScope(): string;
    getOIDCScopeEncountered(): string;
    getOIDCClaimsEncountered(): string[];
    getResourceScopeEncountered(resource: string): string;
    save(): Promise<string>;
  }

  export interface ClientInstance {
    readonly clientId: string;
    readonly clientName?: string;
    readonly clientAuthMethod: string;
    readonly redirectUris: readonly string[];
    readonly scope?: string;
    grantTypeAllowed(type: string): boolean;
  }

  export interface SessionInstance {
    readonly uid: string;
    accountId?: string;
    loginTs?: number;
    acr?: string;
    amr?: readonly string[];
  }

  export interface TokenInstance {
    readonly kind: string;
    readonly jti: string;
    readonly clientId: string;
    readonly accountId?: string;
    readonly grantId?: string;
    readonly sid?: string;
    readonly scope?: string;
    readonly aud?: string;
    readonly exp: number;
    readonly iat: number;
    readonly isValid: boolean;
    readonly scopes: ReadonlySet<string>;
    destroy(): Promise<void>;
  }

  export interface DeviceCodeInstance extends TokenInstance {
    readonly params: Readonly<Record<string, unknown>>;
    readonly userCode: string;
    readonly isExpired: boolean;
    readonly error?: string;
    save(): Promise<string>;
  }

  /** A request as Koa has it. */
  export interface Context {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly request: object;
    readonly response: { get(header: string): string };
    body: unknown;
    status: number;
    type: string;
    set(headers: Readonly<Record<string, string>>): void;
    readonly oidc: {
      readonly route: string;
      readonly session: SessionInstance;
      readonly client: ClientInstance;
      readonly account?: { readonly accountId: string };
      readonly params: Readonly<Record<string, unknown>>;
      readonly result?: Readonly<Record<string, unknown>>;
      readonly prompts: ReadonlySet<string>;
      readonly acr?: string;
      readonly requestParamOIDCScopes: ReadonlySet<string>;
      readonly requestParamClaims: ReadonlySet<string>;
      readonly requestParamScopes: ReadonlySet<string>;
      readonly resourceServers: Readonly<Record<string, { readonly scopes: ReadonlySet<string> }>>;
      readonly entities: Readonly<Record<string, TokenInstance | undefined>>;
      readonly provider: Provider;
    };
  }

  export interface Model<Instance> {
    find(id: string, options?: { ignoreExpiration?: boolean }): Promise<Instance | undefined>;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    proxy: boolean;
    silent: boolean;
    /** The request that is being answered. */
    static readonly ctx: Context | undefined;
    readonly Grant: Model<GrantInstance> & (new (properties: { accountId: string; clientId: string }) => GrantInstance);
    readonly Interaction: Model<InteractionInstance>;
    readonly AccessToken: Model<TokenInstance>;
    readonly RefreshToken: Model<TokenInstance> & { prototype: { generateTokenId(): string } };
    readonly ClientCredentials: Model<TokenInstance>;
    readonly AuthorizationCode: Model<TokenInstance>;
    readonly DeviceCode: Model<DeviceCodeInstance> & {
      findByUserCode(code: string, options?: { ignoreExpiration?: boolean }): Promise<DeviceCodeInstance | undefined>;
    };
    readonly Client: Model<ClientInstance> & { prototype: object };
    readonly IdToken: {
      validate(token: string, client: ClientInstance): Promise<{ readonly payload: Record<string, unknown> }>;
    };
    readonly Session: { get(ctx: Context): Promise<SessionInstance>; instantiate(): SessionInstance };
    readonly OIDCContext: { prototype: object };
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): void;
    urlFor(name: string, options?: object): string;
    pathFor(name: string, options?: object): string;
    on(event: string, listener: (...given: never[]) => void): void;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<InteractionInstance>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
  }
  export default Provider;

  export const errors: Readonly<Record<string, new (description?: string) => Error>>;

  export const interactionPolicy: {
    readonly Check: new (
      reason: string,
      description: string,
      error: string | ((ctx: Context) => boolean | Promise<boolean>),
      check?: (ctx: Context) => boolean | Promise<boolean>,
    ) => object;
    readonly Prompt: new (options: { name: string; requestable?: boolean }, ...checks: object[]) => object;
    base(): {
      get(name: string): { readonly checks: { add(check: object): void; remove(reason: string): void } };
      add(prompt: object, index?: number): void;
    };
  };
}
