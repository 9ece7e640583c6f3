import { Controller, Post, Req } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { Sessions } from '../../auth/sessions/sessions.js';
import { Transactions } from '../../database/transaction.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { BrowserSignIns } from './browser-sign-ins.js';

/** Ends the session of this browser, like `POST /auth/logout`. Pressed a second time, in another tab, it does no harm. */
@Controller('sign-out')
export class SignOutController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly browsers: BrowserSignIns,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly cookies: SessionCookies,
  ) {}

  @Post()
  @HostedPage('ANONYMOUS')
  async signOut(@Req() request: FastifyRequest, @Reply() reply: FastifyReply): Promise<string> {
    const caller = await this.browsers.callerOf(request);
    if (caller) {
      const { userId, sessionId } = caller;
      const context = contextOf(request);
      await this.transactions.run((tx) => this.sessions.end(tx, userId, sessionId, 'signed-out', context));
      this.cookies.clear(request, reply, sessionId);
    }
    return this.hosted.redirect(reply, '/sign-in', 'signed-out');
  }
}
