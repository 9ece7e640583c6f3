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

  /** @throws Error when the log has no such event at this position */
  async of(delivery: DueDelivery): Promise<Message> {
    const { events } = await this.feed.read(this.dataSource, { after: Number(delivery.position) - 1, limit: 1 });
    const [event] = events;
    if (event?.id !== delivery.event_id) {
      throw new Error(`The feed has another event at ${delivery.position} than ${delivery.event_id}`);
    }
    const { endpoint_id: endpointId, url } = delivery;
    return this.signed({ endpointId, url, sealed: delivery }, toCloudEvent(event, this.settings));
  }

  /** One that tells nothing. */
  test(endpointId: string, url: string, sealed: SealedSecrets): Message {
    return this.signed(
      { endpointId, url, sealed },
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
    const secrets = this.secrets.open(to.endpointId, to.sealed);
    const headers = {
      'content-type': CONTENT_TYPE,
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Roster',
      ...signedHeaders(secrets, { id: event.id, at: this.clock.now(), body }),
    };
    return { url: to.url, headers, body };
  }
}

interface Recipient {
  readonly endpointId: string;
  readonly url: string;
  readonly sealed: SealedSecrets;
}
