import { createPublicKey, createPrivateKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { UserRole } from '../../access/role.js';
import { LiveSessions } from '../../access/live-sessions.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { Artifacts } from './artifacts.js';
import { OpenIdProvider } from './provider.js';
import { ServiceClients } from './service-clients.js';

/** A token of an application that is valid now. */
export interface IntrospectedOpenIdToken {
  readonly clientId: string;
  readonly scope: string;
  /** The user; absent for an application that acts for itself. */
  readonly sub?: string;
  /** The session of Roster. */
  readonly sid?: string;
  /** The role of now, which is that of the time of issue; of a user only with the scope `roles`. */
  readonly role?: UserRole;
  /** The one service that a JWT is for; the application itself for an opaque one. */
  readonly aud: string;
  /** Whether an application got it for itself, without a user. */
  readonly actsForItself: boolean;
  readonly isRefreshToken: boolean;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly iat: number;
}

const OPAQUE = /^[A-Za-z0-9_-]{20,100}$/;
const LONGEST_JWT = 8192;

interface JwtClaims {
  readonly sub?: unknown;
  readonly sid?: unknown;
  readonly role?: unknown;
  readonly client_id?: unknown;
  readonly aud?: unknown;
  readonly scope?: unknown;
  readonly exp?: unknown;
  readonly iat?: unknown;
}

/** Tells of the tokens of applications whether they are valid now, in either form. */
@Injectable()
export class OpenIdTokens {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly provider: OpenIdProvider,
    private readonly artifacts: Artifacts,
    private readonly sessions: LiveSessions,
    private readonly keyring: Keyring,
    private readonly jwt: JwtService,
    private readonly services: ServiceClients,
  ) {}

  /**
   * @returns undefined for a token that is unknown, has expired, was taken back, or whose session ended or user has another role
   * @throws the error if the database is unavailable
   */
  async introspect(token: string): Promise<IntrospectedOpenIdToken | undefined> {
    if (OPAQUE.test(token)) return this.ofOpaque(token);
    return token.length <= LONGEST_JWT && token.split('.').length === 3 ? this.ofJwt(token) : undefined;
  }

  private async ofOpaque(value: string): Promise<IntrospectedOpenIdToken | undefined> {
    const provider = await this.provider.current();
    const token =
      (await provider.AccessToken.find(value)) ??
      (await provider.RefreshToken.find(value)) ??
      (await provider.ClientCredentials.find(value));
    if (token?.isValid !== true) return undefined;
    const { clientId, scope = '', exp, iat, kind, grantId } = token;
    const actsForItself = kind === 'ClientCredentials';
    const known = { clientId, aud: clientId, scope, exp, iat, isRefreshToken: kind === 'RefreshToken', actsForItself };
    if (actsForItself) return { ...known, ...(await this.serviceOf(value)) };
    const { accountId: sub, sid } = token;
    if (grantId === undefined || sid === undefined || sub === undefined) return undefined;
    const grant = await provider.Grant.find(grantId);
    if (grant?.clientId !== clientId || grant.accountId !== sub) return undefined;
    const role = await this.roleOf({ sub, sid });
    return role && { ...known, sub, sid, ...shown(role, scope) };
  }

  private async ofJwt(token: string): Promise<IntrospectedOpenIdToken | undefined> {
    const claims = this.verified(token);
    if (!claims) return undefined;
    const { sub, sid, role, client_id: clientId, aud, scope = '', exp, iat } = claims;
    const texts = [sub, sid, clientId, aud, scope];
    if (!texts.every((text) => typeof text === 'string') || typeof exp !== 'number' || typeof iat !== 'number') {
      return undefined;
    }
    const found = { sub: sub as string, sid: sid as string, clientId: clientId as string };
    const issued = { aud: aud as string, scope: scope as string, exp, iat, isRefreshToken: false };
    if (found.sub === found.clientId) {
      const service = await this.services.callerNow(found.sid);
      const { sub: account, clientId: id } = found;
      return service?.userId === account && service.role === role
        ? { sub: account, clientId: id, role: service.role, ...issued, actsForItself: true }
        : undefined;
    }
    const now = await this.roleOf(found);
    // It names no grant; the one of its application in this session has to be there.
    if (now === undefined || (role !== undefined && now !== role)) return undefined;
    const grantId = await this.artifacts.findGrantId(found.sid, found.clientId);
    const grant = grantId === undefined ? undefined : await (await this.provider.current()).Grant.find(grantId);
    if (!grant) return undefined;
    return { ...found, ...shown(now, issued.scope), ...issued, actsForItself: false };
  }

  /** The service account that an opaque token was issued to; nothing for another client. */
  private async serviceOf(token: string): Promise<{ readonly sub: string; readonly role: UserRole } | undefined> {
    const { userId: sub, role } = (await this.artifacts.find('ClientCredentials', token)) ?? {};
    return sub === undefined ? undefined : { sub, role: role as UserRole };
  }

  private async roleOf({ sub, sid }: { sub: string; sid: string }): Promise<UserRole | undefined> {
    const caller = await this.sessions.callerNow(sid);
    return caller?.userId === sub ? caller.role : undefined;
  }

  private verified(token: string): JwtClaims | undefined {
    const header = headerOf(token);
    const key = typeof header.kid === 'string' ? this.keyring.find('openid-es256', header.kid) : undefined;
    if (!key || header.typ !== 'at+jwt') return undefined;
    const publicKey = createPublicKey(createPrivateKey({ key: key.secret, format: 'der', type: 'pkcs8' }));
    try {
      return this.jwt.verify<JwtClaims>(token, {
        publicKey: publicKey.export({ format: 'pem', type: 'spki' }),
        // Fixed here and never taken from the token (RFC 8725, 3.1).
        algorithms: ['ES256'],
        issuer: this.settings.PUBLIC_URL,
      });
    } catch {
      return undefined;
    }
  }
}

/** What an application is told of a role: nothing unless it was granted. */
const shown = (role: UserRole, scope: string): { readonly role?: UserRole } =>
  scope.split(' ').includes('roles') ? { role } : {};

function headerOf(token: string): { readonly kid?: unknown; readonly typ?: unknown } {
  try {
    return JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()) as object;
  } catch {
    return {};
  }
}
