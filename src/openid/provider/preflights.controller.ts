import { Controller, Options, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProtocolRequests } from './protocol-requests.js';
import { ProtocolRoute } from './protocol-route.js';

/** Pages of an application call these endpoints from their own origin; browsers ask first (Fetch standard, "CORS protocol"). */
@Controller()
export class PreflightsController {
  constructor(private readonly requests: ProtocolRequests) {}

  @Options('.well-known/openid-configuration')
  @ProtocolRoute()
  async preflightOpenidConfiguration(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('.well-known/oauth-authorization-server')
  @ProtocolRoute()
  async preflightOauthAuthorizationServer(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('oauth2/token')
  @ProtocolRoute()
  async preflightToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('oauth2/par')
  @ProtocolRoute()
  async preflightPar(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('oauth2/device-authorization')
  @ProtocolRoute()
  async preflightDeviceAuthorization(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('oauth2/revoke')
  @ProtocolRoute()
  async preflightRevoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }

  @Options('oauth2/userinfo')
  @ProtocolRoute()
  async preflightUserinfo(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.requests.answer(request, reply);
  }
}
