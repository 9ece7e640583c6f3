import type { DeliveryItem } from '../../src/relay/webhooks/delivery.dto.js';
import { WebhookDispatcher } from '../../src/relay/webhooks/webhook-dispatcher.js';
import { eventually } from './eventually.js';
import type { Roster } from './roster.js';

export interface Added {
  readonly id: string;
  readonly secret: string;
}

/** Webhooks of one Roster, as its admin works with them. */
export class Webhooks {
  constructor(
    private readonly roster: Roster,
    private readonly token: string,
  ) {}

  call(method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) {
    const request = this.roster.api[method](`/webhooks${path}`).set('authorization', `Bearer ${this.token}`);
    return body ? request.send(body) : request;
  }

  async add(url: string, more: object = {}): Promise<Added> {
    return (await this.call('post', '', { url, ...more }).expect(201)).body as Added;
  }

  async deliveries(id: string, query = ''): Promise<DeliveryItem[]> {
    return ((await this.call('get', `/${id}/deliveries${query}`).expect(200)).body as { items: DeliveryItem[] }).items;
  }

  /** Waits until none of the endpoint's deliveries is in this state, as far as one page shows them. */
  async untilNone(id: string, state: 'pending'): Promise<void> {
    await eventually(async () => (await this.deliveries(id, `?state=${state}`)).length === 0);
  }

  /** Waits until everything that has happened is with those who wanted it then: a webhook that is added now gets none of it. */
  async settle(): Promise<void> {
    await eventually(async () => {
      const { body } = await this.roster.api.get('/health/ready').expect(200);
      const { figures } = body as { figures: Record<string, number> };
      return figures['eventsWaiting'] === 0 && figures['webhooksLagEvents'] === 0;
    });
  }

  /** Time passes, for what waits: the next try of everything is due. */
  async hurry(): Promise<void> {
    await this.roster.database.query('UPDATE webhook_endpoints SET paused_until = NULL');
    await this.roster.database.query("UPDATE webhook_deliveries SET next_attempt_at = now() WHERE state = 'pending'");
    this.wake();
  }

  /** Has what is due sent now. Unlike `hurry`, it takes no message out of the hands of who is sending it. */
  wake(): void {
    this.roster.app.get(WebhookDispatcher, { strict: false }).wake();
  }
}
