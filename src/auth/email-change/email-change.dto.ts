import { ApiProperty } from '@nestjs/swagger';
import { IsAddress } from '../../users/is-address.js';
import { OptionalCurrentPassword } from '../password-change/password-change.dto.js';

export class ChangeEmailDto {
  @ApiProperty({ example: 'countess@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly newEmail: string;

  @OptionalCurrentPassword('needed for your own address; an ADMIN who changes another user’s does not send it')
  readonly currentPassword?: string | null;
}
