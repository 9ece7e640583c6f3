import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import { NewPassword } from '../passwords/new-password.dto.js';

export class AcceptInvitationDto extends OneTimeTokenDto {
  @NewPassword() readonly newPassword: string;
}
