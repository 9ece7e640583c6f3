import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';

export class AcceptInvitationDto extends OneTimeTokenDto {
  @ApiProperty({
    example: 'nine brown foxes at dawn',
    maxLength: 128,
    format: 'password',
    description: 'at least 12 characters, unless the server is set up otherwise',
  })
  // Before the link is looked at, so that the answer does not depend on it.
  @MaxLength(128, { message: 'must have at most 128 characters' })
  @IsString({ message: 'must be a text' })
  readonly newPassword: string;
}
