import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { isAddress } from '../../users/aggregate/is-address.js';
import { RegistrationHandlers } from '../registration/before-registration.js';
import { MagicLinkLinks } from './magic-link-links.js';

export const MAGIC_LINK_JOB = 'auth.request-magic-link';

interface Asked {
  readonly email: string;
  /** As it compares: an erasure finds the request by it. */
  readonly address: string;
  readonly context: RequestContext;
}

/** Takes requests for links to sign in by, and answers all of them alike. */
@Injectable()
export class MagicLinkRequests implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly links: MagicLinkLinks,
    private readonly handlers: RegistrationHandlers,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<Asked>(MAGIC_LINK_JOB, ({ email, context }) => this.sendNow(email, context));
  }

  /** Returns before anything was looked up, so neither answer nor time says anything about the address (ASVS 5.0 V6.3.8). */
  async request(email: string, context: RequestContext): Promise<void> {
    const asked: Asked = { email, address: addressKey(email), context };
    await this.transactions.run((tx) => this.jobs.add(tx, MAGIC_LINK_JOB, asked, { maxAttempts: 5 }));
  }

  private async sendNow(email: string, context: RequestContext): Promise<void> {
    try {
      // An address that nobody owns is registered by this.
      if (!(await this.links.isOwned(email))) {
        if (!isAddress(email)) return;
        await this.handlers.callWith({ email }, context);
      }
      await this.links.sendIfDue(email, context);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.log.info({ code: error.code, traceId: context.traceId }, 'a link to sign in by was refused');
    }
  }
}
