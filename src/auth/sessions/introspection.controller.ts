import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsString, ValidateIf } from 'class-validator';
import { Allow, OrServiceToken } from '../../access/allow.decorator.js';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ASSURANCE_LEVELS, MAX_AMR, type AssuranceLevel, claimsOf } from './assurance.js';
import { AccessTokenAuthentication } from './access-token.authentication.js';
import { SessionStates } from './session-states.js';

class IntrospectDto {
  @ApiProperty({
    description: 'an access token',
    // Any string: a token that is not ours is inactive, not an error of the caller (RFC 7662, 2.2).
    maxLength: 65_536,
    example: 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwMTlhYTUzYyJ9.c2lnbmF0dXJl',
  })
  @IsString({ message: 'must be a string' })
  readonly token: string;

  @ApiPropertyOptional({
    description: 'accepted and ignored: only access tokens are introspected',
    maxLength: 100,
    example: 'access_token',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  readonly token_type_hint?: string;
}

/** RFC 7662, 2.2. */
class IntrospectionResponse {
  @ApiProperty({
    description: 'whether the token is valid now; if not, no other field is present',
    example: true,
  })
  readonly active: boolean;

  @ApiPropertyOptional({ enum: ['Bearer'] }) readonly token_type?: 'Bearer';
  @ApiPropertyOptional({ format: 'uuid', description: 'the user' }) readonly sub?: string;
  @ApiPropertyOptional({ format: 'uuid', description: 'the session' }) readonly sid?: string;
  @ApiPropertyOptional({
    enum: USER_ROLES,
    enumName: 'UserRole',
    description: 'the current role, not the one at the time of issue',
  })
  readonly role?: UserRole;

  @ApiPropertyOptional({ example: 'https://accounts.example.com' }) readonly iss?: string;
  @ApiPropertyOptional({ example: 'https://accounts.example.com' }) readonly aud?: string;
  @ApiPropertyOptional({ type: 'integer', example: 1795270900, description: 'seconds since 1970' })
  readonly exp?: number;
  @ApiPropertyOptional({ type: 'integer', example: 1795270000 }) readonly nbf?: number;
  @ApiPropertyOptional({ type: 'integer', example: 1795270000 }) readonly iat?: number;
  @ApiPropertyOptional({ example: '6a8f0c1e-2d3b-4c5d-8e9f-0a1b2c3d4e5f', description: 'id of this token' })
  readonly jti?: string;
  @ApiPropertyOptional({ example: 'roster' }) readonly client_id?: string;
  @ApiPropertyOptional({
    enum: ASSURANCE_LEVELS,
    enumName: 'AssuranceLevel',
    description: 'authentication assurance level (NIST SP 800-63B-4) of the session now, not at the time of issue',
  })
  readonly acr?: AssuranceLevel;
  @ApiPropertyOptional({
    type: [String],
    maxItems: MAX_AMR,
    description: 'authentication methods (RFC 8176)',
    example: ['pwd'],
  })
  readonly amr?: readonly string[];
  @ApiPropertyOptional({
    type: 'integer',
    example: 1795270000,
    description: 'when the user last authenticated in this session, in seconds since 1970',
  })
  readonly auth_time?: number;
}

@ApiTags('Auth')
@Controller('auth')
export class IntrospectionController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly authentication: AccessTokenAuthentication,
    private readonly states: SessionStates,
  ) {}

  @Post('introspect')
  @HttpCode(200)
  @Allow('ADMIN')
  @OrServiceToken('INTROSPECTION_TOKEN')
  @ApiOperation({
    operationId: 'introspect',
    summary: 'Introspect an access token',
    description: `RFC 7662, for services that must notice a logout or a new role immediately. They send the value of
INTROSPECTION_TOKEN as their bearer token.`,
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiOkResponse({ type: IntrospectionResponse })
  @ApiProblems('validation-failed')
  async introspect(@Body() { token }: IntrospectDto): Promise<IntrospectionResponse> {
    const found = await this.authentication.introspect(token);
    if (!found) return { active: false };
    const { sub: _, sid: __, ...claims } = found.proved;
    const { userId: sub, sessionId: sid, role } = found.caller;
    const assurance = await this.states.assuranceOf(sid);
    if (!assurance) return { active: false };
    const { PUBLIC_URL: origin } = this.settings;
    return {
      active: true,
      token_type: 'Bearer',
      sub,
      sid,
      role,
      iss: origin,
      aud: origin,
      ...claims,
      ...claimsOf(assurance),
    };
  }
}
