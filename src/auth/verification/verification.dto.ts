import { ApiProperty } from '@nestjs/swagger';
import { IsAddress } from '../../users/aggregate/is-address.js';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import { OptionalNewPassword } from '../passwords/new-password.dto.js';

export class ResendVerificationDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly email: string;
}

export class VerifyEmailDto extends OneTimeTokenDto {
  @OptionalNewPassword('required if `newPasswordRequired` is true')
  readonly newPassword?: string | null;
}
