import { DomainError } from '../../problems/domain-error.js';

export class WebhookNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Webhook not found.');
  }
}

export class DeliveryNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Delivery not found. It may have been removed after its retention.');
  }
}

export class TooManyWebhooks extends DomainError {
  readonly code = 'too-many-webhooks';
  constructor(limit: number) {
    super(`Webhook limit reached: there are ${limit}. Remove one first.`);
  }
}

/** Nothing is sent to a disabled endpoint. */
export class WebhookDisabled extends DomainError {
  readonly code = 'webhook-disabled';
  constructor() {
    super('This webhook is disabled. Enable it first.');
  }
}
