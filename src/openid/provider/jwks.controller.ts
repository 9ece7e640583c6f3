import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { AccessTokens } from '../../auth/sessions/access-tokens.js';
import { Keyring, SIGNING_PURPOSES } from '../../database/keyring.js';
import { publicJwk } from './signing-keys.js';

class JsonWebKeyResponse {
  @ApiProperty({ enum: ['EC', 'RSA'] }) readonly kty: string;
  @ApiPropertyOptional({ enum: ['P-256'], description: 'with `x` and `y`, of an EC key' }) readonly crv?: string;
  @ApiPropertyOptional({ example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }) readonly x?: string;
  @ApiPropertyOptional({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }) readonly y?: string;
  @ApiPropertyOptional({
    example: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4',
    description: 'with `e`, of an RSA key',
  })
  readonly n?: string;
  @ApiPropertyOptional({ example: 'AQAB' }) readonly e?: string;
  @ApiProperty({ example: '3f1c2a9d5b7e8f04', description: 'the `kid` in the header of the tokens' })
  readonly kid: string;
  @ApiProperty({ enum: ['sig'] }) readonly use: 'sig';
  @ApiProperty({ enum: ['ES256', 'RS256'] }) readonly alg: string;
}

class JsonWebKeySet {
  @ApiProperty({ type: [JsonWebKeyResponse] }) readonly keys: JsonWebKeyResponse[];
}

@ApiTags('Auth')
@Controller('.well-known')
export class JwksController {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly keyring: Keyring,
  ) {}

  @Get('jwks.json')
  @Allow('ANONYMOUS')
  // Short, so that clients that refetch on an unknown key soon find a new one.
  @Header('cache-control', 'public, max-age=60')
  // Public, and read by pages of applications: libraries in browsers verify id_tokens themselves.
  @Header('access-control-allow-origin', '*')
  @ApiOperation({
    operationId: 'getSigningKeys',
    summary: 'Get the public keys that verify access tokens',
    description: `RFC 7517. Tokens are ES256 with \`typ\` at+jwt; \`iss\` and \`aud\` are PUBLIC_URL. Services that verify
offline notice a logout or a new role only when the token expires; POST /auth/introspect returns the current state. The keys that sign
for applications (OpenID Connect) follow, once the first of them has asked.`,
  })
  @ApiOkResponse({ type: JsonWebKeySet })
  keys(): JsonWebKeySet {
    const forApplications = SIGNING_PURPOSES.flatMap((purpose) => this.keyring.all(purpose)).map(publicJwk);
    return { keys: [...this.accessTokens.publicKeys(), ...forApplications] as unknown as JsonWebKeyResponse[] };
  }
}
