import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret as its owner reads it: `whsec_` and base64. */
export function writeSecret(secret: Buffer): string {
  return `${PREFIX}${secret.toString('base64')}`;
}

/**
 * The headers of a message by Standard Webhooks 1.0: what is signed is `id.timestamp.body`, by HMAC-SHA-256.
 * @param secrets every one that is good now; while a new one is taken up there are two, and a signature by each
 * @param at when this message is sent: receivers refuse what is older than minutes, so that nobody can send it again later
 */
export function signedHeaders(
  secrets: readonly Buffer[],
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
