import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ALLOW_METADATA } from './allow.decorator.js';
import { Forbidden, NotAuthenticated } from './access-errors.js';
import { includesRole, type Role } from './role.js';

/** The name under which `auth` registers its passport strategy. */
export const ACCESS_TOKEN_STRATEGY = 'access-token';

/** Stands before every route (OWASP ASVS 5.0 V8.2.1): no declared role, no entry. */
@Injectable()
export class AccessGuard extends AuthGuard(ACCESS_TOKEN_STRATEGY) {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(execution: ExecutionContext): Promise<boolean> {
    const least = this.reflector.get<Role | undefined>(ALLOW_METADATA, execution.getHandler());
    if (least === undefined) throw new Forbidden();
    if (least === 'ANONYMOUS') return true;
    await super.canActivate(execution);
    const caller = execution.switchToHttp().getRequest<FastifyRequest>().user;
    if (!caller) throw new NotAuthenticated();
    if (!includesRole(caller.role, least)) throw new Forbidden();
    return true;
  }

  /**
   * Whether the same request would be let in at this moment: false once the session has ended, the role is too low, or the token
   * has expired.
   * @throws what is not an answer, such as an unreachable database
   */
  async stillLets(execution: ExecutionContext): Promise<boolean> {
    try {
      return await this.canActivate(execution);
    } catch (error) {
      if (error instanceof NotAuthenticated || error instanceof Forbidden) return false;
      throw error;
    }
  }

  override handleRequest<TUser>(error: Error | null, user: TUser | false | null): TUser {
    // A fault, such as an unreachable database, is not the caller's missing sign-in.
    if (error) throw error;
    if (!user) throw new NotAuthenticated();
    return user;
  }
}
