import { ApiProperty } from '@nestjs/swagger';
import { IsAccountAddress } from '../../users/aggregate/is-address.js';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import { NewPassword } from '../passwords/new-password.dto.js';

export class RequestPasswordResetDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAccountAddress()
  readonly email: string;
}

export class ResetPasswordDto extends OneTimeTokenDto {
  @NewPassword() readonly newPassword: string;
}
