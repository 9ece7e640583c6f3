import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { EventFeed } from '../../events/event-feed.js';
import { type CloudEvent, toCloudEvent } from '../cloud-event.js';
import type { DueDelivery } from './delivery-queue.js';
import { signedHeaders } from './signature.js';
import { type SealedSecrets, WebhookSecrets } from './webhook-secrets.js';
import type { Message } from './webhook-sender.js';

/** CloudEvents 1.0, HTTP binding, structured mode. */
const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** Of messages that only try whether an endpoint takes them. */
export const TEST_TYPE = 'webhook.test';

/** Makes messages at the moment when they are sent: of a person who was erased by then, they say nothing. */
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
   * Reads the events of all of these at once.
   * @returns makes the message of one of them; throws when the log has no such event at its position, or it cannot be opened
   */
  async of(deliveries: readonly DueDelivery[]): Promise<(delivery: DueDelivery) => Message> {
    const positions = new Set(deliveries.map(({ position }) => Number(position)));
    const eventAt = await this.feed.at(this.dataSource, [...positions]);
    const opened = new Map<string, readonly Buffer[]>();
    return (delivery) => {
      const event = eventAt(Number(delivery.position));
      if (event?.id !== delivery.event_id) {
        throw new Error(`The feed has another event at ${delivery.position} than ${delivery.event_id}`);
      }
      const { endpoint_id: endpointId, url } = delivery;
      // Once for all of an endpoint's.
      const secrets = opened.get(endpointId) ?? this.secrets.open(endpointId, delivery);
      opened.set(endpointId, secrets);
      return this.signed({ url, secrets }, toCloudEvent(event, this.settings));
    };
  }

  /** One that tells nothing. */
  test(endpointId: string, url: string, sealed: SealedSecrets): Message {
    return this.signed(
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

  private signed(
    to: Recipient,
    event: CloudEvent | (Pick<CloudEvent, 'id'> & Readonly<Record<string, unknown>>),
  ): Message {
    const body = JSON.stringify(event);
    const headers = {
      'content-type': CONTENT_TYPE,
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Roster',
      ...signedHeaders(to.secrets, { id: event.id, at: this.clock.now(), body }),
    };
    return { url: to.url, headers, body };
  }
}

interface Recipient {
  readonly url: string;
  readonly secrets: readonly Buffer[];
}
