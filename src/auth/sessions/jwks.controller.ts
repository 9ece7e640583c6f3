import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { AccessTokens, type PublicKey } from './access-tokens.js';

class JsonWebKeyResponse {
  @ApiProperty({ enum: ['EC'] }) readonly kty: string;
  @ApiProperty({ enum: ['P-256'] }) readonly crv: string;
  @ApiProperty({ example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }) readonly x: string;
  @ApiProperty({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }) readonly y: string;
  @ApiProperty({ example: '3f1c2a9d5b7e8f04', description: 'the `kid` in the header of the tokens' })
  readonly kid: string;
  @ApiProperty({ enum: ['sig'] }) readonly use: 'sig';
  @ApiProperty({ enum: ['ES256'] }) readonly alg: 'ES256';
}

class JsonWebKeySet {
  @ApiProperty({ type: [JsonWebKeyResponse] }) readonly keys: PublicKey[];
}

@ApiTags('Auth')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly accessTokens: AccessTokens) {}

  @Get('jwks.json')
  @Allow('ANONYMOUS')
  // Short, so that clients that refetch on an unknown key soon find a new one.
  @Header('cache-control', 'public, max-age=60')
  @ApiOperation({
    operationId: 'getSigningKeys',
    summary: 'Get the public keys that verify access tokens',
    description: `RFC 7517. Tokens are ES256 with \`typ\` at+jwt; \`iss\` and \`aud\` are PUBLIC_URL. Services that verify
offline notice a logout or a new role only when the token expires; POST /auth/introspect returns the current state.`,
  })
  @ApiOkResponse({ type: JsonWebKeySet })
  keys(): JsonWebKeySet {
    return { keys: this.accessTokens.publicKeys() };
  }
}
