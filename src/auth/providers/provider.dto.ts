import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Matches, ValidateIf } from 'class-validator';
import { WITHOUT_NUL } from '../../http/request/text-patterns.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, RememberedDeviceToken, SessionProof } from '../sign-in/session-choice.dto.js';

const CHALLENGE = '^[A-Za-z0-9_-]{43}$';
const VERIFIER = '^[A-Za-z0-9._~-]{43,128}$';
const isGiven = ValidateIf((_input, given) => given !== undefined);

/** Where to go on. */
class Continue {
  @ApiPropertyOptional({
    example: '/account',
    maxLength: 2000,
    pattern: WITHOUT_NUL,
    description:
      'where to go on afterwards: a path of this server or a URL of an origin in `SIGN_IN_REDIRECTS`; anything else is ignored',
  })
  @isGiven
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly continue?: string;
}

export class StartProviderSignInDto extends Continue {
  @ApiPropertyOptional({ enum: ['yes'], description: 'whether the session outlives the browser’s own; not by default' })
  @isGiven
  @IsIn(['yes'], { message: 'must be yes' })
  readonly keepSignedIn?: 'yes';

  @ApiPropertyOptional({
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    maxLength: 43,
    pattern: CHALLENGE,
    description:
      'for applications with a session of their own: SHA-256, in base64url, of a random `codeVerifier` (RFC 7636, 4.2, `S256`). `continue`, which is required then and may also be a redirect URI in `APP_REDIRECTS`, gets `?code=` for `POST /auth/providers/{id}/exchange`, or `?error=`, and the browser gets no session',
  })
  @isGiven
  @Matches(new RegExp(CHALLENGE), { message: 'must be the SHA-256 of the codeVerifier in base64url, without padding' })
  readonly codeChallenge?: string;
}

export class LinkIdentityDto extends Continue {}

export class ExchangeProviderCodeDto {
  @ApiProperty({
    example: 'OEZBVlJTR0hKS0xNUVdYWVo5ODc2NTQzMjE0NTY3ODk',
    maxLength: 100,
    pattern: WITHOUT_NUL,
    description: '`code` that `continue` was opened with; valid once, for a minute',
  })
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly code: string;

  @ApiProperty({
    example: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    maxLength: 128,
    pattern: VERIFIER,
    description: 'of the `codeChallenge`',
  })
  @Matches(new RegExp(VERIFIER), {
    message: 'must have 43 to 128 characters: letters, digits, - . _ ~ (RFC 7636, 4.1)',
  })
  readonly codeVerifier: string;

  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
  @RememberedDeviceToken() readonly rememberedDevice?: string;
}
