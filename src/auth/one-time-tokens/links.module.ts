import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { AddressThrottle } from './address-throttle.js';
import { EndedLinks } from './ended-links.js';
import { LinkEndings } from './link-endings.js';
import { LinkPages } from './link-pages.js';
import { LinkRequests } from './link-requests.js';
import { OneTimeTokens } from './one-time-tokens.js';

@Module({
  imports: [JobsModule],
  providers: [AddressThrottle, EndedLinks, LinkEndings, LinkPages, LinkRequests, OneTimeTokens],
  exports: [AddressThrottle, LinkPages, LinkRequests, OneTimeTokens],
})
export class LinksModule {}
