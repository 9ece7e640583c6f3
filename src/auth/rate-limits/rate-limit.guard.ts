import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { LIMIT_METADATA, type RateRuleName } from '../../access/limit.decorator.js';
import { RateLimits } from './rate-limits.js';

/** Enforces `@Limit`. Runs after the access guard, so that the caller is known. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
  ) {}

  /** @throws TooManyRequests */
  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<RateRuleName | undefined>(LIMIT_METADATA, execution.getHandler());
    if (rule === undefined) return true;
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const { caller } = request;
    if (caller) await this.limits.consume(rule, caller.userId);
    else await this.limits.consumeForClient(rule, contextOf(request).ip);
    return true;
  }
}
