import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The secret in the format of Standard Webhooks: `whsec_` and base64. */
export function writeSecret(secret: Buffer): string {
  return `${PREFIX}${secret.toString('base64')}`;
}

/**
 * The headers of a message by Standard Webhooks 1.0: what is signed is `id.timestamp.body`, by HMAC-SHA-256.
 * @param secrets every valid one: the message gets a signature by each
 * @param at when the message is sent: receivers refuse old messages, which prevents replays
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
