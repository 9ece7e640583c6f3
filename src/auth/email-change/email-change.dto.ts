import { ApiProperty } from '@nestjs/swagger';
import { OneTimeTokenDto, ProofLinkStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { OptionalNewPassword } from '../passwords/new-password.dto.js';
import { IsAddress } from '../../users/aggregate/is-address.js';
import { OptionalCurrentPassword } from '../password-change/password-change.dto.js';

export class ChangeEmailDto {
  @ApiProperty({ example: 'countess@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly newEmail: string;

  @OptionalCurrentPassword('needed for your own address; an ADMIN who changes another user’s does not send it')
  readonly currentPassword?: string | null;
}

export class ConfirmEmailChangeDto extends OneTimeTokenDto {
  @OptionalCurrentPassword('of the account, where the request carries no access token of it')
  readonly currentPassword?: string | null;

  @OptionalNewPassword(
    'required if `newPasswordRequired` is true; if an ADMIN requested the change, it replaces the current password',
  )
  readonly newPassword?: string | null;
}

/** A valid link, and what confirming it takes. */
export class EmailChangeLinkStateResponse extends ProofLinkStateResponse {
  @ApiProperty({
    example: true,
    description:
      'whether `currentPassword` is required, unless somebody is signed in to the account; false if an ADMIN requested the change',
  })
  readonly currentPasswordRequired: boolean;
}
