import { WebhookSender } from '../../relay/webhooks/webhook-sender.js';

/** Posts logout tokens as webhooks are posted: to allowed addresses alone, without following redirects. */
export class LogoutSender extends WebhookSender {}
