import { DomainError } from '../../problems/domain-error.js';

export class WebhookNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such webhook. GET /webhooks lists them.');
  }
}

export class DeliveryNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such delivery. They are kept for a time; GET /webhooks/{id}/deliveries lists them.');
  }
}

export class TooManyWebhooks extends DomainError {
  readonly code = 'too-many-webhooks';
  constructor(limit: number) {
    super(`There are ${limit} webhooks, and there can be no more. Remove one first.`);
  }
}

/** Nothing is sent to an endpoint that is switched off. */
export class WebhookDisabled extends DomainError {
  readonly code = 'webhook-disabled';
  constructor() {
    super('This webhook is switched off. Switch it on first: PATCH {"enabled": true}.');
  }
}
