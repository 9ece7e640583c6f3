import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../access/caller.js';
import { includesRole } from '../access/role.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { withContinue } from '../http/pages/continue-targets.js';
import { HostedPage } from '../http/pages/hosted-page.js';
import { HostedPages } from '../http/pages/hosted-pages.js';
import { IgnoreOtherQuery } from '../http/request/declared-input.js';
import { Reply } from '../http/request/reply.decorator.js';
import { DomainError } from '../problems/domain-error.js';
import { ConsoleFiles } from './console-files.js';

declare module '../http/pages/page-values.js' {
  interface PageValues {
    /** For somebody whose role is too low for the console. */
    'console-refused': { anotherUrl: string | null };
  }
}

/** Own scripts, styles and calls, and nothing else. Components set styles by script, so no inline style is needed either. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FOREVER = 'public, max-age=31536000, immutable';

class NoSuchAsset extends DomainError {
  readonly code = 'not-found';
}

/** Serves the console: one page at every address below `/console`, and its assets. What it shows comes from the public API. */
@ApiExcludeController()
@Controller('console')
export class ConsoleController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly files: ConsoleFiles,
    private readonly hosted: HostedPages,
  ) {}

  /** Script and styles are no secret. */
  @Get('assets/*')
  @Allow('ANONYMOUS')
  async asset(@Param('*') name: string, @Req() request: FastifyRequest, @Reply() reply: FastifyReply) {
    const accepts = [request.headers['accept-encoding'] ?? ''].flat().join();
    const asset = await this.files.asset(name, accepts);
    // After an update, an open console asks for what is no longer there: never cached.
    if (!asset) throw new NoSuchAsset('There is no such file in this version of the console: load the page again.');
    void reply.headers({ 'content-type': asset.type, 'cache-control': FOREVER, vary: 'accept-encoding' });
    if (asset.encoding !== undefined) void reply.header('content-encoding', asset.encoding);
    return asset.content;
  }

  @Get()
  @HostedPage('AUTHENTICATED')
  @IgnoreOtherQuery()
  start(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): string {
    return this.page(caller, reply);
  }

  /** Which page that is, the console itself knows. */
  @Get('*')
  @HostedPage('AUTHENTICATED')
  @IgnoreOtherQuery()
  below(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): string {
    return this.page(caller, reply);
  }

  private page(caller: Caller, reply: FastifyReply): string {
    if (!includesRole(caller.role, 'MANAGER')) {
      void reply.code(403);
      const anotherUrl = this.settings.HOSTED_PAGES ? withContinue('/sign-in', '/console', { another: 'yes' }) : null;
      return this.hosted.show(reply, 'console-refused', { anotherUrl });
    }
    const page = this.files.page();
    if (page === undefined) throw new NoSuchAsset('The console has not been built: run npm run build.');
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'same-origin',
      // Names the newest assets; a shared machine must not show it to the next person either.
      'cache-control': 'no-store',
    });
    return page;
  }
}
