import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, ValidateIf } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { ASSURANCE_LEVELS, type AssuranceLevel, MAX_AMR } from '../../auth/sessions/assurance.js';

export class IntrospectDto {
  @ApiProperty({
    description: 'an access token',
    // Any string: a token that is not ours is inactive, not an error of the caller (RFC 7662, 2.2).
    maxLength: 65_536,
    example: 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwMTlhYTUzYyJ9.c2lnbmF0dXJl',
  })
  @IsString({ message: 'must be a string' })
  readonly token: string;

  @ApiPropertyOptional({
    description: 'of the service that asks: the JWT of an application counts only if it was made for it',
    maxLength: 2000,
    example: 'https://billing.example.com',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  readonly audience?: string;

  @ApiPropertyOptional({
    description: 'accepted and ignored: the forms are told apart by themselves',
    maxLength: 100,
    example: 'access_token',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  readonly token_type_hint?: string;

  @ApiPropertyOptional({
    description: 'of an application that sends its credentials in the body, with `client_secret`',
    maxLength: 200,
    example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  readonly client_id?: string;

  @ApiPropertyOptional({ maxLength: 200, example: 'rcs_not-a-secret-but-as-long-as-one-is' })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  readonly client_secret?: string;
}

/** RFC 7662, 2.2. */
export class IntrospectionResponse {
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
    description:
      'the current role, not the one at the time of issue; of a token of an application only with its scope `roles`',
  })
  readonly role?: UserRole;

  @ApiPropertyOptional({ example: 'openid profile', description: 'of a token of an application' })
  readonly scope?: string;
  @ApiPropertyOptional({ example: 'https://accounts.example.com' }) readonly iss?: string;
  @ApiPropertyOptional({
    example: 'https://accounts.example.com',
    description: 'whom the token is for: Roster, the service of a JWT, or the application itself',
  })
  readonly aud?: string;
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

  @ApiPropertyOptional({
    type: 'integer',
    example: 9,
    description: 'the version of the user when the token was made, see `GET /auth/revocations`',
  })
  readonly epoch?: number;
}
