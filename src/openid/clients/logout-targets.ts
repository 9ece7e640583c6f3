import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { OutboundTargets } from '../../http/outbound/outbound-targets.js';

/** Where logout tokens may go: where webhooks may, by HTTPS to public addresses, unless `WEBHOOK_ALLOW_PRIVATE`. */
@Injectable()
export class LogoutTargets extends OutboundTargets {
  constructor(@InjectSettings() settings: Settings) {
    super(settings.WEBHOOK_ALLOW_PRIVATE ?? settings.NODE_ENV !== 'production', {
      what: 'back-channel logout',
      setting: 'WEBHOOK_ALLOW_PRIVATE',
    });
  }
}
