import { type ArgumentsHost, Catch, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotAuthenticated } from '../../access/access-errors.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Pages, wantsPage } from '../../http/pages/pages.js';
import { ProblemFilter } from '../../http/problem.filter.js';

/** Adds to the refusal of somebody who is not signed in where to do so, and how to come back. */
@Injectable()
@Catch(NotAuthenticated)
export class SignInHint extends ProblemFilter {
  constructor(
    pages: Pages,
    private readonly hostedPages: HostedPages,
    private readonly targets: ContinueTargets,
  ) {
    super(pages, hostedPages);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // A wrong token is corrected by its sender.
    if (request.headers.authorization === undefined) {
      const address = this.hostedPages.absoluteSignInUrl(this.targets.check(askedFor(request)));
      const { signIn } = request.query as { readonly signIn?: unknown };
      if (signIn === 'redirect' && isForPage(request)) {
        void reply.header('cache-control', 'no-store').redirect(address, 302);
        return;
      }
      void reply.header('x-auth-sign-in', address);
    }
    super.catch(error, host);
  }
}

/** The page that the proxy was asked for. What a client made up leads nowhere: see `ContinueTargets`. */
function askedFor({ headers }: FastifyRequest): string | undefined {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [proto, host, uri] = [one('x-forwarded-proto'), one('x-forwarded-host'), one('x-forwarded-uri')];
  return proto !== undefined && host !== undefined && uri?.startsWith('/') ? `${proto}://${host}${uri}` : undefined;
}

/** A form or a script that is led to another page would lose what it sent. */
function isForPage(request: FastifyRequest): boolean {
  const method = request.headers['x-forwarded-method'] ?? 'GET';
  return method === 'GET' && wantsPage(request);
}
