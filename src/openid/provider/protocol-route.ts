import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { AnyInput } from '../../http/request/declared-input.js';

export const PROTOCOL_METADATA = 'roster:protocol';

/**
 * Declares an endpoint of OAuth 2.0 or OpenID Connect: its callers are authenticated by the protocol itself, its errors are those of
 * RFC 6749, 5.2, and what describes it is the discovery document, not the API document.
 */
export const ProtocolRoute = (): MethodDecorator =>
  applyDecorators(
    Allow('ANONYMOUS'),
    SetMetadata(PROTOCOL_METADATA, true),
    RouteConfig({ protocol: true }),
    AnyInput(),
    ApiExcludeEndpoint(),
  );
