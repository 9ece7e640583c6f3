import { Injectable } from '@nestjs/common';
import type { WebhookMessage } from '../../relay/webhooks/webhook-sender.js';
import type { LeasedLogout } from './logout-queue.js';
import { LogoutTokens } from './logout-tokens.js';

/** What is posted to clients (OpenID Connect Back-Channel Logout 1.0, 2.5). */
@Injectable()
export class LogoutMessages {
  constructor(private readonly tokens: LogoutTokens) {}

  /** Makes the messages of all these, to be sent at once: their tokens are good for two minutes. */
  async load(deliveries: readonly LeasedLogout[]): Promise<(delivery: LeasedLogout) => WebhookMessage> {
    const messages = new Map<string, WebhookMessage>();
    for (const delivery of deliveries) messages.set(delivery.id, await this.compose(delivery));
    return ({ id }) => {
      const message = messages.get(id);
      if (!message) throw new Error(`The message of the logout ${id} was not made`);
      return message;
    };
  }

  private async compose({ url, endpoint_id, session_id, user_id, alg }: LeasedLogout): Promise<WebhookMessage> {
    const ended = { clientId: endpoint_id, sessionId: session_id, userId: user_id };
    const body = new URLSearchParams({ logout_token: await this.tokens.make(ended, alg) }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'user-agent': 'Roster',
    };
    return { url, headers, body };
  }
}
