import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../problems/domain-error.js';
import { isHostedPage } from './pages/hosted-page.js';
import { HostedPages } from './pages/hosted-pages.js';
import { Pages, wantsErrorPage } from './pages/pages.js';
import { PROBLEM_CONTENT_TYPE, problemFrom, problemHeaders } from './problem.js';
import { isProtocol, protocolError } from './protocol.js';

/**
 * Turns every error into `application/problem+json`, into a page for browsers that followed a link, or into what clients of OAuth and
 * OpenID Connect read.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(Pages) private readonly pages: Pages,
    @Inject(HostedPages) private readonly hosted: HostedPages,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemFrom(error, { instance: request.url, traceId: request.id });
    // A domain error is not a bug, even with a 5xx status.
    if (problem.status >= 500 && !(error instanceof DomainError)) request.log.error({ err: error }, 'request failed');
    if (reply.sent) return;
    const detour = isHostedPage(request) ? this.hosted.detour(request, problem.code) : undefined;
    if (detour !== undefined) {
      this.hosted.redirect(reply, detour);
      void reply.send();
      return;
    }
    void reply.headers(problemHeaders(error, problem));
    const linkEnding = error instanceof DomainError ? error.linkEnding : undefined;
    if (isProtocol(request)) {
      const type = 'application/json; charset=utf-8';
      void reply.code(problem.status).header('content-type', type).send(protocolError(problem));
    } else if (wantsErrorPage(request)) this.pages.sendProblem(reply, problem, linkEnding);
    else void reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).send(problem);
  }
}
