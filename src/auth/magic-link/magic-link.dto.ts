import { ApiProperty } from '@nestjs/swagger';
import { IsAccountAddress } from '../../users/aggregate/is-address.js';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, SessionProof } from '../sign-in/session-choice.dto.js';

export class RequestMagicLinkDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAccountAddress()
  readonly email: string;
}

export class UseMagicLinkDto extends OneTimeTokenDto {
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
}
