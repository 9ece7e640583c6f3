import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Limit } from '../../access/limit.decorator.js';
import { ProviderErrors } from './provider-errors.js';
import { ProtocolRequests } from './protocol-requests.js';
import { ProtocolRoute } from './protocol-route.js';
import { checkSize, ParameterTooLong } from './request-size.js';

/** The endpoints of OAuth 2.0 and OpenID Connect that the library answers. */
@Controller()
export class OpenIdController {
  constructor(
    private readonly requests: ProtocolRequests,
    private readonly pages: ProviderErrors,
  ) {}

  @Get('.well-known/openid-configuration')
  @ProtocolRoute()
  async discoverOpenId(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Get('.well-known/oauth-authorization-server')
  @ProtocolRoute()
  async discoverOAuth(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Get('oauth2/authorize')
  @ProtocolRoute()
  @Limit('authorize-by-client')
  async authorize(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (this.isBounded(request.query, reply)) await this.requests.answerInBrowser(request, reply);
  }

  /**
   * OpenID Connect Core 1.0, 3.1.2.1. Browsers send no cookie with a form of another site, and of ours none is looked at: who is signed in
   * is seen by the page that follows.
   */
  @Post('oauth2/authorize')
  @ProtocolRoute()
  @Limit('authorize-by-client')
  async authorizeByForm(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (this.isBounded(request.body, reply)) await this.requests.answer(request, reply);
  }

  @Get('oauth2/authorize/:uid')
  @ProtocolRoute()
  async resume(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answerInBrowser(request, reply);
  }

  @Post('oauth2/token')
  @ProtocolRoute()
  @Limit('openid-by-client')
  async token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Post('oauth2/par')
  @ProtocolRoute()
  @Limit('openid-by-client')
  async pushRequest(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    checkSize(request.body);
    await this.requests.answer(request, reply);
  }

  @Post('oauth2/device-authorization')
  @ProtocolRoute()
  @Limit('openid-by-client')
  async authorizeDevice(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    checkSize(request.body);
    await this.requests.answer(request, reply);
  }

  @Post('oauth2/revoke')
  @ProtocolRoute()
  @Limit('openid-by-client')
  async revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Get('oauth2/userinfo')
  @ProtocolRoute()
  @Limit('userinfo-by-client')
  async userinfo(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Post('oauth2/userinfo')
  @ProtocolRoute()
  @Limit('userinfo-by-client')
  async userinfoByForm(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  /** Says on a page what is too long: nothing of such a request leads anywhere. */
  private isBounded(parameters: unknown, reply: FastifyReply): boolean {
    try {
      checkSize(parameters);
      return true;
    } catch (error) {
      if (!(error instanceof ParameterTooLong)) throw error;
      this.pages.send(reply, { error: 'invalid_request', description: error.message });
      return false;
    }
  }
}
