import { MemoryAdapter } from '../../src/development/identity-provider/memory-adapter.js';
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** A person at the provider, with the claims that it makes. */
export interface FakePerson {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

type Json = Record<string, unknown>;

/** How the provider behaves worse than `oidc-provider` does. Each lasts until it is taken back. */
export interface Hostility {
  /** Changes the claims of id_tokens, which are signed again with the right key. */
  claims?: (claims: Json) => Json;
  /** Signs id_tokens otherwise: not at all, by the client secret, or with a key that is not in the set. */
  signature?: 'none' | 'HS256' | 'unknown-key';
  /** What the endpoint does instead of answering. */
  endpoint?: { readonly path: RegExp; readonly does: 'hang' | 'fail' | 'flood' };
  /** Changes the discovery document. */
  metadata?: (metadata: Json) => Json;
  /** Changes where the browser is sent back to. */
  redirect?: (url: URL) => void;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export const CLIENT = { id: 'roster', secret: 'a secret that only Roster and the provider know' };

/**
 * `oidc-provider` on loopback, behind a server that can make it hostile. Every browser that comes is `person`, without being asked.
 *
 * `authorize(url)` is the browser at the provider: it follows the provider's own redirects, with cookies of its own each time, and
 * returns the URL that leads back.
 */
export class IdentityProvider {
  person: FakePerson = { sub: 'ada', email: 'ada@example.com', email_verified: true };
  hostility: Hostility = {};
  /** Requests that it got, as `GET /jwks`. */
  readonly requests: string[] = [];
  private key = newKey();
  /** In no set. */
  private readonly unknownKey = newKey();
  private handler!: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  private provider!: Provider;

  private constructor(private readonly server: Server) {}

  /** @param redirectUris that Roster may come back to */
  static async start(redirectUris: readonly string[]): Promise<IdentityProvider> {
    const server = createServer();
    // A file whose beginning fails does not stop it.
    server.unref();
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const started = new IdentityProvider(server);
    started.make(redirectUris);
    server.on('request', (request, response) => void started.answer(request, response));
    return started;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The settings of Roster for it. @param id as in `PROVIDERS` */
  settings(id: string): Record<string, string> {
    const name = id.toUpperCase();
    return {
      [`${name}_ISSUER`]: this.issuer,
      [`${name}_CLIENT_ID`]: CLIENT.id,
      [`${name}_CLIENT_SECRET`]: CLIENT.secret,
    };
  }

  /** Signs with another key from now on. */
  rotate(): void {
    this.key = newKey();
  }

  /** The browser of `person` at the provider. @returns the URL of Roster that it is sent back to */
  async authorize(authorizationUrl: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let url = new URL(authorizationUrl);
    for (let steps = 0; steps < 10; steps++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const set of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        cookies.set(name, value);
      }
      const location = answer.headers.get('location');
      if (location === null) throw new Error(`${url.href} answered ${answer.status}: ${await answer.text()}`);
      url = new URL(location, url);
      if (url.origin !== this.issuer) break;
    }
    this.hostility.redirect?.(url);
    return url;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private make(redirectUris: readonly string[]): void {
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: redirectUris,
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      // Given, so that the library warns of nothing.
      adapter: MemoryAdapter,
      jwks: {
        keys: [{ ...this.key.privateKey.export({ format: 'jwk' }), kid: this.key.kid, use: 'sig', alg: 'RS256' }],
      },
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
      cookies: { keys: ['only for tests'] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
      conformIdTokenClaims: false,
      findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => this.person }),
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
    });
    this.provider = provider;
    this.handler = provider.callback();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0] ?? '';
    this.requests.push(`${request.method} ${path}`);
    const { endpoint } = this.hostility;
    if (endpoint?.path.test(path)) {
      misbehave(endpoint.does, response);
      return;
    }
    if (path.startsWith('/interaction/')) return this.interact(request, response);
    if (path === '/jwks') {
      json(response, { keys: [publicKeyOf(this.key)] });
      return;
    }
    if (path === '/token') changeJson(response, (answer) => this.signAgain(answer));
    if (path.startsWith('/.well-known/')) changeJson(response, this.hostility.metadata ?? ((metadata) => metadata));
    return this.handler(request, response);
  }

  /** Signs in the person, who consents. */
  private async interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params } = await this.provider.interactionDetails(request, response);
    const accountId = this.person.sub;
    if (prompt.name === 'login') {
      return this.provider.interactionFinished(request, response, { login: { accountId } });
    }
    const grant = new this.provider.Grant({ accountId, clientId: CLIENT.id });
    grant.addOIDCScope(String(params['scope']));
    return this.provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  }

  private signAgain(answer: Json): Json {
    const { id_token: token } = answer;
    if (typeof token !== 'string') return answer;
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Json;
    return { ...answer, id_token: this.token((this.hostility.claims ?? ((same) => same))(claims)) };
  }

  private token(claims: Json): string {
    const { signature } = this.hostility;
    const key = signature === 'unknown-key' ? this.unknownKey : this.key;
    const alg = signature === 'none' || signature === 'HS256' ? signature : 'RS256';
    const content = [{ alg, kid: key.kid, typ: 'JWT' }, claims].map(encoded).join('.');
    if (alg === 'none') return `${content}.`;
    const mac =
      alg === 'HS256'
        ? createHmac('sha256', CLIENT.secret).update(content).digest()
        : sign('sha256', Buffer.from(content), key.privateKey);
    return `${content}.${mac.toString('base64url')}`;
  }
}

function newKey(): SigningKey {
  return { kid: randomUUID(), privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey };
}

function publicKeyOf({ kid, privateKey }: SigningKey): Json {
  const { n, e } = privateKey.export({ format: 'jwk' });
  return { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e };
}

const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url');

function json(response: ServerResponse, body: Json): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Changes the JSON that a handler is about to answer with. */
function changeJson(response: ServerResponse, change: (answer: Json) => Json): void {
  const end = response.end.bind(response);
  response.end = ((chunk?: unknown, ...rest: never[]) => {
    const text = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : '';
    if (!text.startsWith('{')) return end(chunk as string, ...rest);
    const changed = JSON.stringify(change(JSON.parse(text) as Json));
    response.setHeader('content-length', Buffer.byteLength(changed));
    return end(changed);
  }) as typeof end;
}

function misbehave(how: 'hang' | 'fail' | 'flood', response: ServerResponse): void {
  if (how === 'hang') return;
  if (how === 'fail') response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Internal Server Error</h1>');
  else
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"padding":"${'x'.repeat(5 * 1024 * 1024)}"}`);
}
