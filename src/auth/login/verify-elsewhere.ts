import { Injectable, type OnModuleInit, SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { withDeadline } from '../../async/deadline.js';
import { type DecoratedMethod, findDecoratedMethods } from '../../events/decorated-methods.js';
import { InjectLog, type Log } from '../../ops/log.js';

const ELSEWHERE_METADATA = 'roster:verify-elsewhere';
const PATIENCE_MS = 5000;

/** A sign-in of an imported user who has no password here. */
export interface ElsewhereAttempt {
  readonly userId: string;
  readonly email: string | null;
  readonly username: string | null;
  /** Such as `cognito`. */
  readonly source: string;
  /** The id at the source. */
  readonly externalId: string;
  readonly password: string;
}

/**
 * Calls this provider's method with an `ElsewhereAttempt` when an imported user without a password signs in with one, so that the old
 * system can say whether it is right: `true`, and the user has it here from then on and is not asked about again. Anything else, an
 * error, and no answer within five seconds mean that it is wrong. Lockouts and rate limits hold for it as for any password.
 */
export function VerifyElsewhere(): MethodDecorator {
  return SetMetadata(ELSEWHERE_METADATA, true);
}

/** Finds every `@VerifyElsewhere` method of the application. */
@Injectable()
export class ElsewhereHandlers implements OnModuleInit {
  private readonly handlers: DecoratedMethod<true>[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    @InjectLog() private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.addFrom(this.discovery);
  }

  /** Adds handlers of the host application's providers, before this one has started. */
  addFrom(discovery: DiscoveryService): void {
    this.handlers.push(...findDecoratedMethods<true>(discovery, ELSEWHERE_METADATA));
  }

  get areThere(): boolean {
    return this.handlers.length > 0;
  }

  /** Whether any of them says that it is right. */
  async verify(attempt: ElsewhereAttempt): Promise<boolean> {
    for (const { call } of this.handlers) {
      try {
        const ask = (): Promise<unknown> => Promise.resolve(call(Object.freeze({ ...attempt })));
        if ((await withDeadline(PATIENCE_MS, ask)) === true) return true;
      } catch (err) {
        this.log.warn({ err, userId: attempt.userId }, 'a password could not be verified elsewhere');
      }
    }
    return false;
  }
}
