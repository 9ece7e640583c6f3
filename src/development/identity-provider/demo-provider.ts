import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Provider from 'oidc-provider';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { MemoryAdapter } from './memory-adapter.js';

const CLIENT_ID = 'roster';
/** Beside the port of the server, so that the issuer, and with it who people are there, is the same after a restart. */
const PORTS_APART = 7;
const LONGEST_FORM = 2000;
const EMAIL = /^[^\s@<>"&]{1,64}@[^\s@<>"&]{1,180}$/;

export interface DemoProvider {
  readonly settings: ProviderSettings;
  stop(): Promise<void>;
}

/**
 * An OpenID provider on loopback for development, so that the button can be pressed without an account anywhere: any
 * address that is entered there counts as verified. The library is loaded with the first request.
 * @returns undefined where the library, a development dependency, is not installed
 */
export async function startDemoProvider(publicUrl: string, port: number): Promise<DemoProvider | undefined> {
  try {
    import.meta.resolve('oidc-provider');
  } catch {
    return undefined;
  }
  const server = createServer();
  const own = await listen(server, port === 0 ? 0 : port + PORTS_APART);
  const issuer = `http://localhost:${own}`;
  const secret = randomBytes(32).toString('base64url');
  let loaded: Promise<Demo> | undefined;
  server.on('request', (request, response) => {
    loaded ??= Demo.load(issuer, secret, `${publicUrl}/auth/providers/demo/callback`);
    loaded
      .then((demo) => demo.answer(request, response))
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const settings = { id: 'demo', preset: null, name: 'Demo', issuer, clientId: CLIENT_ID, isTrusted: true } as const;
  return {
    settings: { ...settings, clientSecret: () => secret },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The port, or any other one where it is taken. */
async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => {
    resolve(undefined);
  });
  try {
    await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port === 0) throw error;
    return listen(server, 0);
  }
  return (server.address() as AddressInfo).port;
}

class Demo {
  private constructor(
    private readonly provider: Provider,
    private readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ) {}

  static async load(issuer: string, secret: string, redirectUri: string): Promise<Demo> {
    const { default: Library } = await import('oidc-provider');
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    const client = { client_id: CLIENT_ID, client_secret: secret, redirect_uris: [redirectUri] };
    const provider = new Library(issuer, {
      adapter: MemoryAdapter,
      clients: [{ ...client, grant_types: ['authorization_code'], response_types: ['code'] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      conformIdTokenClaims: false,
      cookies: { keys: [secret] },
      features: { devInteractions: { enabled: false } },
      findAccount: (_context: unknown, email: string) => ({ accountId: email, claims: () => claimsOf(email) }),
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: 'demo' }] },
      ttl: { Interaction: 600, Session: 60, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    });
    return new Demo(provider, provider.callback());
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/interaction/') !== true) return this.handle(request, response);
    const { prompt, params } = await this.provider.interactionDetails(request, response);
    if (prompt.name === 'login') return this.signIn(request, response);
    const { session } = (await this.provider.interactionDetails(request, response)) as {
      session?: { accountId: string };
    };
    const grant = new this.provider.Grant({ accountId: session?.accountId ?? '', clientId: CLIENT_ID });
    grant.addOIDCScope(String(params['scope']));
    return this.provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  }

  /** A form for an address. There is no password: this is a demonstration. */
  private async signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const email = request.method === 'POST' ? (await fieldsOf(request)).get('email')?.trim().toLowerCase() : undefined;
    if (email !== undefined && EMAIL.test(email)) {
      return this.provider.interactionFinished(request, response, { login: { accountId: email, remember: false } });
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(PAGE);
  }
}

const claimsOf = (email: string) => ({ sub: email, email, email_verified: true, name: email.split('@', 1)[0] });

async function fieldsOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > LONGEST_FORM) break;
  }
  return new URLSearchParams(body);
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo provider</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 12vh auto; padding: 0 1rem; }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: 0.7rem; margin: 0.35rem 0; }
</style>
<h1>Demo provider</h1>
<p>An OpenID provider of this development server. Enter any address: you are that person, and the address counts as verified.</p>
<form method="post">
<label for="email">Email address</label>
<input id="email" name="email" type="email" value="ada@example.com" required>
<button>Go on</button>
</form>
</html>`;
