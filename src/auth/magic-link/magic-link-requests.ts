import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DomainError } from '../../problems/domain-error.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { isAddress } from '../../users/aggregate/is-address.js';
import { type LinkRequest, LinkRequests } from '../one-time-tokens/link-requests.js';
import { RegistrationHandlers } from '../registration/before-registration.js';
import { MagicLinkLinks } from './magic-link-links.js';

/** Requests for links to sign in, or to register if nobody owns the address. */
@Injectable()
export class MagicLinkRequests implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly requests: LinkRequests,
    private readonly links: MagicLinkLinks,
    private readonly handlers: RegistrationHandlers,
  ) {}

  onModuleInit(): void {
    this.requests.handle('magic-link', (request) => this.sendIfDue(request));
  }

  private async sendIfDue({ email, context, binding }: LinkRequest): Promise<void> {
    try {
      // This registers an unknown address.
      if (!(await this.links.isOwned(email))) {
        if (!isAddress(email)) return;
        await this.handlers.callWith({ email }, context);
      }
      await this.links.sendIfDue(email, context, binding);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.log.info({ code: error.code, traceId: context.traceId }, 'a link to sign in by was refused');
    }
  }
}
