import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { SessionCookies } from '../auth/sessions/session-cookies.js';
import { HOSTED_METADATA } from '../http/pages/hosted-page.js';

/**
 * Forms of hosted pages come from our own pages, whether or not anybody is signed in: a page of another site must neither change
 * something for its visitors nor sign them in as somebody else (login CSRF; OWASP ASVS 5.0 V3.5.1).
 */
@Injectable()
export class OwnFormsGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly cookies: SessionCookies,
  ) {}

  /** @throws CrossSiteRequest */
  canActivate(execution: ExecutionContext): boolean {
    const isHosted = this.reflector.get<true | undefined>(HOSTED_METADATA, execution.getHandler()) === true;
    if (isHosted) this.cookies.refuseCrossSite(execution.switchToHttp().getRequest<FastifyRequest>());
    return true;
  }
}
