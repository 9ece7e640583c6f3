import { ApiProperty, PartialType } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, SessionProof } from '../sign-in/session-choice.dto.js';

export class TotpSetupResponse {
  @ApiProperty({ example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', description: 'Base32, to type where no camera is' })
  readonly secret: string;

  @ApiProperty({
    example: 'otpauth://totp/Roster:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Roster',
    description: 'for an authenticator app on the same device',
  })
  readonly uri: string;

  @ApiProperty({ example: '<svg xmlns="http://www.w3.org/2000/svg"></svg>', description: 'the same as a QR code' })
  readonly qr: string;

  @ApiProperty({ format: 'date-time', description: 'confirm before' }) readonly expiresAt: string;
}

export class ConfirmTotpDto {
  @ApiProperty({ example: '287082', maxLength: 16, description: 'the code that the app shows now' })
  @IsString({ message: 'must be a code of six digits' })
  readonly code: string;

  // Of the session that begins where the token of a sign-in was sent, which had to set up a factor.
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
}

/** The recovery codes; and the session, for a user who had to set up a factor to sign in. */
export class TotpConfirmedResponse extends PartialType(SignedInResponse) {
  @ApiProperty({
    type: [String],
    example: ['k3q7x-9w2mn', '0d4fh-tz8vc'],
    description: 'to keep in a safe place; each works once, in any spacing or case',
  })
  readonly recoveryCodes: string[];
}
