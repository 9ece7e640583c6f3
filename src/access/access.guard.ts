import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Caller, ServiceKeyUse } from './caller.js';
import {
  ALLOW_METADATA,
  CLIENT_METADATA,
  NO_USE_METADATA,
  SERVICES_METADATA,
  SERVICE_TOKEN_METADATA,
  SETUP_METADATA,
  type ServiceDemand,
  type ServiceToken,
} from './allow.decorator.js';
import { Forbidden, InsufficientScope, NotAuthenticated } from './access-errors.js';
import { clientCredentialsIn } from './client-credentials.js';
import { Authentication } from './authentication.js';
import { STEP_UP_METADATA } from './require-step-up.decorator.js';
import { includesRole, type Role } from './role.js';
import { StepUpCheck, type StepUpDemand } from './step-up.js';

/** Guards every route (OWASP ASVS 5.0 V8.2.1): without a declared role, access is denied. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
    private readonly stepUps: StepUpCheck,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const isUse = this.reflector.get<boolean | undefined>(NO_USE_METADATA, execution.getHandler()) !== true;
    return this.allow(execution, isUse);
  }

  private async allow(execution: ExecutionContext, isUse: boolean): Promise<boolean> {
    const least = this.reflector.get<Role | undefined>(ALLOW_METADATA, execution.getHandler());
    if (least === undefined) throw new Forbidden();
    if (least === 'ANONYMOUS') return true;
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const token = this.reflector.get<ServiceToken | undefined>(SERVICE_TOKEN_METADATA, execution.getHandler());
    if (token !== undefined && this.authentication.isService(request, token)) return true;
    const takesClients = this.reflector.get<boolean | undefined>(CLIENT_METADATA, execution.getHandler()) === true;
    if (takesClients && clientCredentialsIn(request)) return true;
    if (this.reflector.get<boolean | undefined>(SETUP_METADATA, execution.getHandler()) === true) {
      const setup = await this.stepUps.setupCallerOf(request);
      if (setup) {
        request.caller = setup;
        // Its token is a fresh proof, of itself alone.
        if (!isAbout(request, setup)) throw new Forbidden();
        return true;
      }
    }
    const caller = await this.authentication.callerOf(request, isUse);
    if (!caller) throw new NotAuthenticated();
    request.caller = caller;
    const services = this.reflector.get<ServiceDemand | undefined>(SERVICES_METADATA, execution.getHandler());
    if (caller.service) refuseService(caller.service, services);
    else if (services?.who === 'only') throw new Forbidden('Only a service account may do this: send one of its keys.');
    const anyRole = caller.service && services?.who !== 'of-the-role';
    if (!anyRole && !includesRole(caller.role, least)) throw new Forbidden();
    const demand = this.reflector.get<StepUpDemand | undefined>(STEP_UP_METADATA, execution.getHandler());
    if (demand) {
      if (caller.service) throw new Forbidden('Only a person may do this, who can prove again who they are.');
      await this.stepUps.require(caller, { passwordInBody: demand.passwordInBody && isAbout(request, caller) });
    }
    return true;
  }

  /**
   * Whether the same request would be allowed now: false once the session has ended, the role is too low, or the token has expired.
   * @throws if that cannot be determined, such as when the database is unreachable
   */
  async stillLets(execution: ExecutionContext): Promise<boolean> {
    try {
      return await this.allow(execution, false);
    } catch (error) {
      if (REFUSALS.some((refusal) => error instanceof refusal)) return false;
      throw error;
    }
  }
}

const REFUSALS = [NotAuthenticated, Forbidden, InsufficientScope];

/** @throws Forbidden on a route for people; InsufficientScope */
function refuseService({ scopes }: ServiceKeyUse, demand: ServiceDemand | undefined): void {
  if (!demand) throw new Forbidden('This is for people, not for service accounts.');
  if (!scopes.includes(demand.scope)) throw new InsufficientScope(demand.scope);
}

/** Whether the request is about the caller's own account. */
function isAbout({ params }: FastifyRequest, { userId }: Caller): boolean {
  const { id } = params as { readonly id?: string };
  return id === 'me' || id?.toLowerCase() === userId;
}
