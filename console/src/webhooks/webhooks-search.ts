import type { DeliveryState } from '../api/schema.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const satisfies readonly DeliveryState[];

/** What stands in the address of the list. */
export interface WebhooksSearch {
  /** The sink whose dead letters are shown. */
  readonly sink?: string | undefined;
  /** The page of them. */
  readonly cursor?: string | undefined;
}

/** What stands in the address of one webhook. */
export interface WebhookSearch {
  /** Only deliveries in this state. */
  readonly state?: DeliveryState | undefined;
  readonly cursor?: string | undefined;
  /** The delivery that is open. */
  readonly delivery?: string | undefined;
}
