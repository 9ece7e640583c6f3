import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RATE_RULES, type RateRuleName } from '../../access/limit.decorator.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { clientNetwork } from '../../access/client-network.js';
import { DomainError } from '../../problems/domain-error.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { RateLimitStore } from './rate-limit-store.js';

/** A rate limit is exceeded (RFC 6585, 4). */
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
 * Rate limits, counted across all replicas with one statement each, or none once a replica knows that the limit is exceeded. If the
 * store is unavailable, each replica counts locally: an attacker who overloads the store locks nobody out, and gains at most the
 * limit once per replica. Keys are HMACs: no address or name is stored.
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
    this.jobs.handleOnSchedule(EVERY_TEN_MINUTES, 'auth.rate-limit-expiry', () => this.store.forgetExpired());
  }

  /** Consumes a point of a client: an IPv4 address, an IPv6 /64, or all clients with an unknown address. @throws TooManyRequests */
  async consumeForClient(rule: RateRuleName, ip: string | null): Promise<void> {
    await this.consume(rule, clientNetwork(ip));
  }

  /**
   * Consumes a point of the key.
   * @throws TooManyRequests with the seconds until points are available again
   */
  async consume(rule: RateRuleName, key: string | Buffer): Promise<void> {
    if (!this.store.enabled) return;
    const { shared, own } = this.limiterFor(rule);
    const hidden = this.hidden(key);
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

  /** Seconds until the key has points again; 0 if it has some now, or if that cannot be told. Consumes nothing. */
  async secondsLeft(rule: RateRuleName, key: string): Promise<number> {
    if (!this.store.enabled) return 0;
    const found = await this.limiterFor(rule)
      .shared.get(this.hidden(key))
      .catch(() => null);
    return found && found.remainingPoints <= 0 ? Math.max(0, Math.ceil(found.msBeforeNext / 1000)) : 0;
  }

  private hidden(key: string | Buffer): string {
    return hmacWith(this.keyring.current('rate-limit').secret).update(key).digest('base64url');
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
