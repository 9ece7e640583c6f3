import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { EventFeed } from '../../events/event-feed.js';
import { type CloudEvent, toCloudEvent } from '../cloud-event.js';
import type { LeasedDelivery } from './delivery-queue.js';
import { signedHeaders } from './signature.js';
import { type SealedSecrets, WebhookSecrets } from './webhook-secrets.js';
import type { WebhookMessage } from './webhook-sender.js';

/** CloudEvents 1.0, HTTP binding, structured mode. */
const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** The type of test messages. */
export const TEST_TYPE = 'webhook.test';

/** Composes messages when they are sent: by then, those about an erased person hold no personal data. */
@Injectable()
export class WebhookMessages {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly dataSource: DataSource,
    private readonly feed: EventFeed,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Loads the events of all these deliveries at once.
   * @returns a function that composes the message of one; it throws when the feed has another event at the position, or it cannot be unsealed
   */
  async load(deliveries: readonly LeasedDelivery[]): Promise<(delivery: LeasedDelivery) => WebhookMessage> {
    const positions = new Set(deliveries.map(({ position }) => Number(position)));
    const eventAt = await this.feed.loadAt(this.dataSource, [...positions]);
    const opened = new Map<string, readonly Buffer[]>();
    return (delivery) => {
      const event = eventAt(Number(delivery.position));
      if (event?.id !== delivery.event_id) {
        throw new Error(`The feed has another event at ${delivery.position} than ${delivery.event_id}`);
      }
      const { endpoint_id: endpointId, url } = delivery;
      // Unsealed once for each endpoint.
      const secrets = opened.get(endpointId) ?? this.secrets.open(endpointId, delivery);
      opened.set(endpointId, secrets);
      return this.sign({ url, secrets }, toCloudEvent(event, this.settings));
    };
  }

  /** The message about an event, as it would be sent now; null where the feed has another event at the position. */
  async compose(eventId: string, position: number): Promise<CloudEvent | null> {
    const event = (await this.feed.loadAt(this.dataSource, [position]))(position);
    return event?.id === eventId ? toCloudEvent(event, this.settings) : null;
  }

  /** A test message, without data. */
  composeTest(endpointId: string, url: string, sealed: SealedSecrets): WebhookMessage {
    return this.sign(
      { url, secrets: this.secrets.open(endpointId, sealed) },
      {
        specversion: '1.0',
        id: uuidv7(),
        source: this.settings.PUBLIC_URL,
        type: TEST_TYPE,
        time: this.clock.now().toISOString(),
        datacontenttype: 'application/json',
        data: {},
      },
    );
  }

  private sign(
    target: { readonly url: string; readonly secrets: readonly Buffer[] },
    event: CloudEvent | (Pick<CloudEvent, 'id'> & Readonly<Record<string, unknown>>),
  ): WebhookMessage {
    const body = JSON.stringify(event);
    const { traceparent } = event as Partial<CloudEvent>;
    const headers = {
      'content-type': CONTENT_TYPE,
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Roster',
      ...(typeof traceparent === 'string' && { traceparent }),
      ...signedHeaders(target.secrets, { id: event.id, at: this.clock.now(), body }),
    };
    return { url: target.url, headers, body };
  }
}
