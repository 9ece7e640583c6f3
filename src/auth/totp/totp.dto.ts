import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

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
}
