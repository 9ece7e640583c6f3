import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotAuthenticated } from '../../access/access-errors.js';
import { Authentication } from '../../access/authentication.js';
import { contextOf } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { Transactions } from '../../database/transaction.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated, ValidationFailed } from '../../http/request/validation.js';
import { ClientRegistry } from '../clients/client-registry.js';
import { NewClientDto } from '../clients/client.dto.js';
import { ProtocolRoute } from '../provider/protocol-route.js';
import { InvalidClientMetadata, newClientFrom, registered } from './client-metadata.js';

/** Clients that register themselves (RFC 7591), with the token of `CLIENT_REGISTRATION_TOKEN`: nobody does without that setting. */
@Controller('oauth2/register')
export class ClientRegistrationController {
  constructor(
    private readonly authentication: Authentication,
    private readonly transactions: Transactions,
    private readonly registry: ClientRegistry,
  ) {}

  @Post()
  @HttpCode(201)
  @ProtocolRoute()
  @Limit('openid-by-client')
  async register(@Req() request: FastifyRequest, @Reply() reply: FastifyReply): Promise<object> {
    const token = { setting: 'CLIENT_REGISTRATION_TOKEN', freeInDevelopment: false } as const;
    if (!this.authentication.isService(request, token)) {
      throw new NotAuthenticated('Send the token of CLIENT_REGISTRATION_TOKEN: Authorization: Bearer <token>.');
    }
    void reply.header('cache-control', 'no-store');
    try {
      const input = await validated(NewClientDto, newClientFrom(request.body));
      const context = contextOf(request);
      const created = await this.transactions.run((tx) => this.registry.create(tx, input, context));
      return registered(created, request.body);
    } catch (error) {
      const { message, error: code } = invalid(error);
      void reply.code(400);
      return { error: code, error_description: message };
    }
  }
}

/** @throws the error itself, unless it says what is wrong with the metadata */
function invalid(error: unknown): InvalidClientMetadata {
  if (error instanceof InvalidClientMetadata) return error;
  if (!(error instanceof ValidationFailed)) throw error;
  const isRedirect = error.errors.some(({ path }) => path.startsWith('redirectUris'));
  const said = error.errors.slice(0, 5).map(({ path, message }) => `${path} ${message}`);
  return new InvalidClientMetadata(said.join('; '), isRedirect ? 'invalid_redirect_uri' : 'invalid_client_metadata');
}
