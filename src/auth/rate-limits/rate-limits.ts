import { createHmac } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RATE_RULES, type RateRuleName } from '../../access/limit.decorator.js';
import { Keyring } from '../../database/keyring.js';
import { clientNetwork } from '../../access/client-network.js';
import { DomainError } from '../../problems/domain-error.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { RateLimitStore } from './rate-limit-store.js';

/** More was asked for than a rate limit allows (RFC 6585, 4). */
export class TooManyRequests extends DomainError {
  readonly code = 'too-many-requests';
  constructor(override readonly retryAfterSeconds: number) {
    super(`Too many requests. Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`);
  }
}

interface Limiter {
  readonly shared: RateLimiterAbstract;
  readonly own: RateLimiterAbstract;
}

const EVERY_TEN_MINUTES = '*/10 * * * *';

/**
 * Rate limits, counted over all replicas in one statement each, and in none once a replica knows that somebody is over. When
 * the store does not answer, each replica counts for itself: somebody who can trouble the store shuts nobody out by it, and
 * gains no more than the limit once for each replica. Keys are HMACs: no address and no name is kept.
 */
@Injectable()
export class RateLimits implements OnModuleInit {
  private readonly limiters = new Map<RateRuleName, Limiter>();

  constructor(
    @InjectLog() private readonly log: Log,
    private readonly keyring: Keyring,
    private readonly store: RateLimitStore,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleAt(EVERY_TEN_MINUTES, 'auth.rate-limit-expiry', () => this.store.forgetExpired());
  }

  /** Takes one turn of a client: of an IPv4 address, of an IPv6 /64, or of all whose address nobody knows. @throws TooManyRequests */
  async consumeForClient(rule: RateRuleName, ip: string | null): Promise<void> {
    await this.consume(rule, clientNetwork(ip));
  }

  /**
   * Takes one turn of whoever `key` stands for.
   * @throws TooManyRequests with the seconds until there are turns again
   */
  async consume(rule: RateRuleName, key: string | Buffer): Promise<void> {
    if (!this.store.enabled) return;
    const { shared, own } = this.limiterFor(rule);
    const hidden = createHmac('sha256', this.keyring.current('rate-limit').secret).update(key).digest('base64url');
    try {
      await shared.consume(hidden).catch((err: unknown) => {
        if (err instanceof RateLimiterRes) throw err;
        this.log.warn({ err, rule }, 'rate limit store unavailable; counting locally');
        return own.consume(hidden);
      });
    } catch (error) {
      if (error instanceof RateLimiterRes) throw new TooManyRequests(Math.max(1, Math.ceil(error.msBeforeNext / 1000)));
      throw error;
    }
  }

  private limiterFor(rule: RateRuleName): Limiter {
    const known = this.limiters.get(rule);
    if (known) return known;
    const { times, seconds } = RATE_RULES[rule];
    const options = { keyPrefix: rule, points: times, duration: seconds, inMemoryBlockOnConsumed: times };
    const limiter = { shared: this.store.limiter(options), own: new RateLimiterMemory(options) };
    this.limiters.set(rule, limiter);
    return limiter;
  }
}
