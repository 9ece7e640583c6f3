import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { addressKey } from '../../users/aggregate/identifiers.js';

/** The purposes of links that anybody can request for an address. */
export type RequestedPurpose = 'verify-email' | 'magic-link' | 'reset-password';

/** A requested link. */
export interface LinkRequest {
  /** The address as entered. */
  readonly email: string;
  /** The key of the address. */
  readonly address: string;
  readonly context: RequestContext;
  /** SHA-256 (base64url) of what the browser or app that asked keeps, for links with a code that is bound to it. */
  readonly binding?: string;
}

type LinkRequestHandler = (request: LinkRequest) => Promise<void>;

const JOB = 'auth.request-link';

/** Job names of the previous release, which may still be queued during an upgrade; handled for one release. */
const JOBS_OF_RELEASE_BEFORE: ReadonlyMap<RequestedPurpose, string> = new Map([
  ['verify-email', 'auth.resend-verification'],
  ['magic-link', 'auth.request-magic-link'],
  ['reset-password', 'auth.request-password-reset'],
]);

/** Queues requests for links and passes each to the flow of its purpose. */
@Injectable()
export class LinkRequests implements OnModuleInit {
  private readonly handlers = new Map<RequestedPurpose, LinkRequestHandler>();

  constructor(
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<LinkRequest & { readonly purpose: RequestedPurpose }>(JOB, ({ purpose, ...request }) =>
      this.perform(purpose, request),
    );
    for (const [purpose, job] of JOBS_OF_RELEASE_BEFORE) {
      this.jobs.handle<Omit<LinkRequest, 'email'> & Partial<LinkRequest>>(job, (request) =>
        this.perform(purpose, { email: request.address, ...request }),
      );
    }
  }

  /** Registers the handler of a purpose; call it before the application has started. */
  handle(purpose: RequestedPurpose, handler: LinkRequestHandler): void {
    this.handlers.set(purpose, handler);
  }

  /** Returns before anything is looked up, so neither the response nor its timing reveals anything about the address (ASVS 5.0 V6.3.8). */
  async add(purpose: RequestedPurpose, email: string, context: RequestContext, binding?: string): Promise<void> {
    const request: LinkRequest = {
      email,
      address: addressKey(email),
      context,
      ...(binding !== undefined && { binding }),
    };
    await this.transactions.run((tx) => this.jobs.enqueue(tx, JOB, { purpose, ...request }, { maxAttempts: 5 }));
  }

  /** Removes pending requests for this address when a person is erased. */
  async forget(tx: Transaction, email: string): Promise<void> {
    for (const job of [JOB, ...JOBS_OF_RELEASE_BEFORE.values()]) {
      await this.jobs.removeJobs(tx, job, { address: addressKey(email) });
    }
  }

  private async perform(purpose: RequestedPurpose, request: LinkRequest): Promise<void> {
    const handler = this.handlers.get(purpose);
    if (!handler) throw new Error(`No flow mails links for ${purpose}`);
    await handler(request);
  }
}
