import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { OutboundTargets } from '../../http/outbound/outbound-targets.js';

export { RefusedTarget } from '../../http/outbound/outbound-targets.js';

/** Where webhooks may go: by HTTPS to public addresses, unless `WEBHOOK_ALLOW_PRIVATE`. */
@Injectable()
export class WebhookTargets extends OutboundTargets {
  constructor(@InjectSettings() settings: Settings) {
    super(settings.WEBHOOK_ALLOW_PRIVATE ?? settings.NODE_ENV !== 'production', {
      what: 'webhooks',
      setting: 'WEBHOOK_ALLOW_PRIVATE',
    });
  }
}
