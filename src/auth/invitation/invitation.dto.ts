import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';

export class AcceptInvitationDto extends OneTimeTokenDto {
  @ApiProperty({ example: 'nine brown foxes at dawn', minLength: 12, maxLength: 128, format: 'password' })
  @IsString({ message: 'must be a text' })
  readonly newPassword: string;
}
