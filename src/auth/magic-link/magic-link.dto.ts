import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches, ValidateIf } from 'class-validator';
import { WITHOUT_NUL } from '../../http/request/text-patterns.js';
import { IsAccountAddress } from '../../users/aggregate/is-address.js';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, RememberedDeviceToken, SessionProof } from '../sign-in/session-choice.dto.js';

const CHALLENGE = '^[A-Za-z0-9_-]{43}$';
const VERIFIER = '^[A-Za-z0-9._~-]{43,128}$';

export class RequestMagicLinkDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAccountAddress()
  readonly email: string;

  @ApiPropertyOptional({
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    maxLength: 43,
    pattern: CHALLENGE,
    description:
      'for apps that keep no cookies and let people type the code: SHA-256, in base64url, of a random `codeVerifier` (RFC 7636, 4.2, `S256`)',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @Matches(new RegExp(CHALLENGE), { message: 'must be the SHA-256 of the codeVerifier in base64url, without padding' })
  readonly codeChallenge?: string;

  @ApiPropertyOptional({
    example: '/account',
    maxLength: 2000,
    pattern: WITHOUT_NUL,
    description:
      'where the hosted page leads on to after a sign-in in this browser: a path of this server or a URL of an origin in `SIGN_IN_REDIRECTS`; anything else is ignored',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly continue?: string;
}

export class UseMagicLinkDto extends OneTimeTokenDto {
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
  @RememberedDeviceToken() readonly rememberedDevice?: string;
}

export class UseMagicLinkCodeDto {
  @ApiProperty({
    example: 'K7RM-2QXD',
    maxLength: 64,
    // A malformed code is answered like a wrong one.
    pattern: WITHOUT_NUL,
    description: 'as the page of the link shows it; spaces, hyphens and lower case do not matter',
  })
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly code: string;

  @ApiPropertyOptional({
    example: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    maxLength: 128,
    pattern: VERIFIER,
    description:
      'of the `codeChallenge` that was sent with the request; absent in a browser, which has the cookie `roster-magic-link` (`__Host-roster-magic-link` over HTTPS) instead',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @Matches(new RegExp(VERIFIER), {
    message: 'must have 43 to 128 characters: letters, digits, - . _ ~ (RFC 7636, 4.1)',
  })
  readonly codeVerifier?: string;

  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
  @RememberedDeviceToken() readonly rememberedDevice?: string;
}
