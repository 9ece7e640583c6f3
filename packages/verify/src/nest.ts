import {
  type CanActivate,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  type OnApplicationShutdown,
  SetMetadata,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { Forbidden, VerifyError } from './errors.js';
import type { Role, RosterUser } from './user.js';
import { Verifier, type VerifierOptions } from './verifier.js';

const ROLES = 'roster-verify:roles';
const reflector = new Reflector();

interface HttpRequest {
  readonly headers: { readonly authorization?: string | undefined };
  roster?: RosterUser;
}

interface HttpResponse {
  header(name: string, value: string): unknown;
}

/**
 * Lets users in that have one of these roles or a higher one; `ANONYMOUS` lets everybody in. On a handler, or a controller for all of its
 * handlers. A handler without it lets nobody in.
 */
export function Allow(...roles: [Role | 'ANONYMOUS', ...Role[]]): MethodDecorator & ClassDecorator {
  return SetMetadata(ROLES, roles);
}

/** Parameter: whose token the request has; undefined where ANONYMOUS is allowed. */
export const CurrentUser: () => ParameterDecorator = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => execution.switchToHttp().getRequest<HttpRequest>().roster,
);

/** Guards every handler as `Allow` says. */
export class RosterGuard implements CanActivate {
  constructor(private readonly verifier: Verifier) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const declared = reflector.getAllAndOverride<readonly (Role | 'ANONYMOUS')[] | undefined>(ROLES, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    const roles = declared?.filter((role) => role !== 'ANONYMOUS');
    if (declared && roles && roles.length < declared.length) return true;
    const http = execution.switchToHttp();
    try {
      if (!roles) throw new Forbidden();
      const request = http.getRequest<HttpRequest>();
      request.roster = await this.verifier.authorize(request.headers.authorization, roles);
      return true;
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
      const response = http.getResponse<HttpResponse>();
      for (const [name, value] of Object.entries(error.headers)) response.header(name, value);
      throw new HttpException(error.problem(), error.status);
    }
  }
}

class VerifierEnd implements OnApplicationShutdown {
  constructor(private readonly verifier: Verifier) {}

  onApplicationShutdown(): void {
    this.verifier.close();
  }
}

/** Guards the whole application: `imports: [RosterVerifyModule.forRoot({ roster, key })]`. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- how modules of Nest are configured
export class RosterVerifyModule {
  static forRoot(options: VerifierOptions): DynamicModule {
    const inject = [Verifier];
    return {
      module: RosterVerifyModule,
      global: true,
      providers: [
        { provide: Verifier, useFactory: () => new Verifier(options) },
        { provide: VerifierEnd, inject, useFactory: (verifier: Verifier) => new VerifierEnd(verifier) },
        { provide: APP_GUARD, inject, useFactory: (verifier: Verifier) => new RosterGuard(verifier) },
      ],
      exports: [Verifier],
    };
  }
}
