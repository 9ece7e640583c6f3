import { Body, Controller, Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { Sessions } from '../../auth/sessions/sessions.js';
import { Transactions } from '../../database/transaction.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { AnyInput } from '../../http/request/declared-input.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { wantedLanguages } from '../../rendering/languages.js';
import { ProtocolRequests } from '../provider/protocol-requests.js';
import { ProtocolRoute } from '../provider/protocol-route.js';
import { checkSize } from '../provider/request-size.js';
import { LogoutHandovers } from './logout-handovers.js';
import { type Logout, type LogoutRequest, LogoutRequests } from './logout-requests.js';
import { formTargetsOf } from './shown-request.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'openid-logout': {
      name: string;
      clientName: string | null;
      clientId: string;
      target: string;
      state: string;
      stayUrl: string;
    };
    'openid-signed-out': object;
  }
}

class LogoutForm {
  @FormField(100) readonly client_id?: string;
  @FormField(2000) readonly post_logout_redirect_uri?: string;
  @FormField(4000) readonly state?: string;
  @FormField(10) readonly answer?: string;
}

class LogoutQuery extends LogoutForm {
  @FormField(8000) readonly id_token_hint?: string;
  @FormField(200) readonly logout_hint?: string;
  @FormField(200) readonly ui_locales?: string;
  /** A posted request, sealed. */
  @FormField(12_000) readonly posted?: string;
}

/** Signs somebody out who comes from an application (OpenID Connect RP-Initiated Logout 1.0). The session ends, and all that hangs on it. */
@Controller('oauth2/logout')
export class LogoutController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly requests: LogoutRequests,
    private readonly handovers: LogoutHandovers,
    private readonly browsers: ProtocolRequests,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly cookies: SessionCookies,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  async show(@Query() query: LogoutQuery, @Req() request: FastifyRequest, @Reply() reply: FastifyReply) {
    request.wantedLanguages = wantedLanguages(query.ui_locales);
    const { asked, logout } = await this.read(query);
    const signedIn = await this.browsers.signedIn(request);
    if (!signedIn) return this.leave(reply, logout);
    // It shows the id_token of this very session, which nobody else has.
    if (logout.sessionId === signedIn.caller.sessionId) return this.signOut(request, reply, logout);
    reply.request.formTargets = formTargetsOf(logout.target);
    const { name, locale } = await this.requests.accountOf(signedIn.caller);
    const values = {
      name,
      clientName: logout.clientName,
      clientId: logout.clientId ?? '',
      target: asked.post_logout_redirect_uri ?? '',
      state: asked.state ?? '',
      stayUrl: '/',
    };
    return this.hosted.show(reply, 'openid-logout', values, locale);
  }

  /**
   * An application may post its request, from a page to which browsers send no cookie: it is asked again by GET, with nothing in the
   * address that the application meant to keep out of it.
   */
  @Post()
  @ProtocolRoute()
  @AnyInput()
  async post(@Req() request: FastifyRequest, @Reply() reply: FastifyReply): Promise<string> {
    checkSize(request.body);
    const { id_token_hint = '', ...asked } = (request.body ?? {}) as LogoutRequest;
    const { client_id = '', post_logout_redirect_uri = '', state = '' } = asked;
    // Whether it may lead there is looked at by the page, which can say so.
    const { clientId, sessionId } = await this.requests.read({ id_token_hint, client_id });
    const posted = { client_id: clientId ?? '', post_logout_redirect_uri, state, sessionId };
    return this.hosted.redirect(reply, `/oauth2/logout?posted=${this.handovers.seal(posted)}`);
  }

  @Post('confirm')
  @HostedPage('ANONYMOUS')
  async confirm(@Body() form: LogoutForm, @Req() request: FastifyRequest, @Reply() reply: FastifyReply) {
    return this.signOut(request, reply, await this.requests.read(form));
  }

  private async read({ posted = '', ...query }: LogoutQuery): Promise<{ asked: LogoutRequest; logout: Logout }> {
    if (posted === '') return { asked: query, logout: await this.requests.read(query) };
    const { sessionId, ...asked } = this.handovers.open(posted) ?? { sessionId: null };
    return { asked, logout: { ...(await this.requests.read(asked)), sessionId } };
  }

  private async signOut(request: FastifyRequest, reply: FastifyReply, logout: Logout): Promise<string> {
    const signedIn = await this.browsers.signedIn(request);
    if (signedIn) {
      const { userId, sessionId } = signedIn.caller;
      const context = contextOf(request);
      await this.transactions.run((tx) => this.sessions.end(tx, userId, sessionId, 'signed-out', context));
      this.cookies.clear(request, reply, sessionId);
    }
    return this.leave(reply, logout);
  }

  private leave(reply: FastifyReply, { target }: Logout): string {
    return target === null ? this.hosted.show(reply, 'openid-signed-out', {}) : this.hosted.redirect(reply, target);
  }
}
