import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { UserResponse } from '../../users/api/user.response.js';

/** The tokens of a session. */
export class TokensResponse {
  @ApiProperty({
    description: 'send it as `Authorization: Bearer <accessToken>`',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTlhYTUzYyJ9.c2lnbmF0dXJl',
  })
  readonly accessToken: string;

  @ApiProperty({ enum: ['Bearer'] })
  readonly tokenType: 'Bearer';

  @ApiProperty({ type: 'integer', minimum: 1, description: 'seconds', example: 900 })
  readonly expiresIn: number;

  @ApiProperty({
    description: 'exchange it once for new tokens: POST /auth/refresh',
    example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00.1.bm90LWEtdG9rZW4tYnV0LWFzLWxvbmctYXMtb25lLWlz',
  })
  readonly refreshToken: string;

  @ApiProperty({ type: () => UserResponse })
  readonly user: UserResponse;
}

const TOKENS = ['accessToken', 'tokenType', 'expiresIn', 'refreshToken'] as const;

/** The result of every sign-in method. The tokens are absent where the session is a browser's (`"session": "cookie"`). */
export class SignedInResponse extends PartialType(PickType(TokensResponse, TOKENS)) {
  @ApiProperty({ type: () => UserResponse })
  readonly user: UserResponse;

  @ApiProperty({
    description: 'identifies this device at its next sign-in; does not authenticate anyone',
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.t4k2fb.8f14e45fceea167a.ZXhhbXBsZS1kZXZpY2UtdG9rZW4tc2lnbmF0dXJl',
  })
  readonly deviceToken: string;

  @ApiPropertyOptional({
    description:
      'for the next sign-ins on this device, which then skip the second factor; after `rememberDevice`, with tokens',
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBkZXZpY2UgdGhhdCBpcyByZW1lbWJlcmVkLCBva2F5',
  })
  readonly rememberedDevice?: string;
}
