import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';

type Json = Record<string, unknown>;
interface Asked {
  readonly method?: string | undefined;
  readonly body?: unknown;
}

/** Apple's. */
const HALF_A_YEAR = 15_777_000;
export const TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';
export const APPLE = { clientId: 'com.example.roster', teamId: 'TEAM123456', keyId: 'KEY1234567' };
export const MICROSOFT = { clientId: '6731de76-14a6-49ae-97bc-6eba6914391e', secret: 'a secret of the registration' };

/**
 * Apple and Microsoft as their documentation says that they answer, in place of what fetches from them: by their own URLs, so that the
 * presets are what is tried. Anything else is not reachable.
 */
export class DocumentedProviders {
  /** Claims of the next id_token. */
  claims: Json = {};
  /** Of the next authorization, as Roster asked for it. */
  asked = new URLSearchParams();
  /** What Apple's token endpoint found wrong last; empty if nothing. */
  complaints: string[] = [];
  private readonly signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  private readonly appleKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  /** As in Apple's `.p8` file, in one line. */
  get applePem(): string {
    return String(this.appleKey.export({ type: 'pkcs8', format: 'pem' })).replaceAll('\n', String.raw`\n`);
  }

  readonly fetch = (target: string, request: Asked = {}): Promise<Response> =>
    Promise.resolve(this.answer(target, request));

  private answer(target: string, { method = 'GET', body }: Asked): Response {
    const sent = body instanceof URLSearchParams ? body : new URLSearchParams(typeof body === 'string' ? body : '');
    switch (`${method} ${target}`) {
      case 'GET https://appleid.apple.com/.well-known/openid-configuration':
        return json(APPLE_METADATA);
      case 'GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration':
        return json(MICROSOFT_METADATA);
      case 'GET https://appleid.apple.com/auth/keys':
        return json({ keys: [{ ...this.publicKey(), alg: 'RS256' }] });
      // Without `alg`.
      case 'GET https://login.microsoftonline.com/common/discovery/v2.0/keys':
        return json({ keys: [{ ...this.publicKey(), issuer: MICROSOFT_METADATA.issuer }] });
      case 'POST https://appleid.apple.com/auth/token':
        this.complaints = this.wrongOf(sent);
        return this.complaints.length > 0 ? json({ error: 'invalid_client' }, 400) : this.tokens(APPLE.clientId);
      case 'POST https://login.microsoftonline.com/common/oauth2/v2.0/token':
        if (sent.get('client_secret') !== MICROSOFT.secret) return json({ error: 'invalid_client' }, 401);
        return this.tokens(MICROSOFT.clientId);
      default:
        throw new Error(`${method} ${target} is none of the documented endpoints`);
    }
  }

  /** What is not as Apple's page "Creating a client secret" asks. */
  private wrongOf(sent: URLSearchParams): string[] {
    const parts = (sent.get('client_secret') ?? '').split('.');
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(textOf(part)) as Json);
    const now = Date.now() / 1000;
    const key = { key: createPublicKey(this.appleKey), dsaEncoding: 'ieee-p1363' } as const;
    const content = Buffer.from(parts.slice(0, 2).join('.'));
    const isSigned = verify('sha256', content, key, Buffer.from(parts[2] ?? '', 'base64url'));
    const rules: [string, boolean][] = [
      ['alg', header?.['alg'] === 'ES256'],
      ['kid', header?.['kid'] === APPLE.keyId],
      ['iss', claims?.['iss'] === APPLE.teamId],
      ['sub', claims?.['sub'] === APPLE.clientId],
      ['aud', claims?.['aud'] === 'https://appleid.apple.com'],
      ['iat', Number(claims?.['iat']) <= now + 1],
      ['exp', Number(claims?.['exp']) > now && Number(claims?.['exp']) < now + HALF_A_YEAR],
      ['signature', isSigned],
      ['client_id', sent.get('client_id') === APPLE.clientId],
      ['grant_type', sent.get('grant_type') === 'authorization_code'],
      ['redirect_uri', sent.get('redirect_uri') === this.asked.get('redirect_uri')],
    ];
    return rules.flatMap(([name, isRight]) => (isRight ? [] : [name]));
  }

  private tokens(clientId: string): Response {
    const now = Math.floor(Date.now() / 1000);
    const nonce = this.asked.get('nonce');
    const claims = { aud: clientId, iat: now, exp: now + 3600, ...(nonce !== null && { nonce }), ...this.claims };
    return json({
      access_token: 'opaque',
      token_type: 'Bearer',
      expires_in: 3599,
      id_token: signed(claims, this.signing),
    });
  }

  private publicKey(): Json {
    const { n, e } = this.signing.export({ format: 'jwk' });
    return { kty: 'RSA', use: 'sig', kid: 'k', n, e };
  }
}

const APPLE_METADATA = {
  issuer: 'https://appleid.apple.com',
  authorization_endpoint: 'https://appleid.apple.com/auth/authorize',
  token_endpoint: 'https://appleid.apple.com/auth/token',
  revocation_endpoint: 'https://appleid.apple.com/auth/revoke',
  jwks_uri: 'https://appleid.apple.com/auth/keys',
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid', 'email', 'name'],
  token_endpoint_auth_methods_supported: ['client_secret_post'],
};

/** Of every tenant: the issuer is a template. */
const MICROSOFT_METADATA = {
  issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  authorization_endpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
  token_endpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
  jwks_uri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
  response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
};

function signed(claims: Json, key: KeyObject): string {
  const content = [{ alg: 'RS256', kid: 'k', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

const textOf = (part: string): string => Buffer.from(part, 'base64url').toString();

function json(body: Json, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json;charset=UTF-8' } });
}
