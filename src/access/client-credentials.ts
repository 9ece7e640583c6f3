import type { FastifyRequest } from 'fastify';

/** The credentials of an OAuth client (RFC 6749, 2.3.1). */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/** What a request gives as the credentials of a client, by its header or its form; not whether they are right. */
export function clientCredentialsIn({ headers, body }: Pick<FastifyRequest, 'headers' | 'body'>) {
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1];
  if (encoded !== undefined) return fromBasic(Buffer.from(encoded, 'base64').toString());
  if (headers.authorization !== undefined || typeof body !== 'object' || body === null) return undefined;
  const { client_id: clientId, client_secret: clientSecret } = body as Record<string, unknown>;
  return typeof clientId === 'string' && typeof clientSecret === 'string' ? { clientId, clientSecret } : undefined;
}

function fromBasic(pair: string): ClientCredentials | undefined {
  const end = pair.indexOf(':');
  if (end === -1) return undefined;
  const [clientId, clientSecret] = [pair.slice(0, end), pair.slice(end + 1)].map(formDecoded);
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}

/** Both are form-encoded before they are joined. */
function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
