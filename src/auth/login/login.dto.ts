import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MinLength, ValidateIf } from 'class-validator';
import { CURRENT_PASSWORD } from '../passwords/current-password.dto.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, RememberedDeviceToken, SessionProof } from '../sign-in/session-choice.dto.js';

/** One of `identifier` and `email` is required. */
export class LoginDto {
  @ApiPropertyOptional({
    example: 'ada@example.com',
    minLength: 1,
    maxLength: 254,
    description: 'email address or username',
  })
  @ValidateIf((input: LoginDto) => input.identifier !== undefined || input.email === undefined)
  @IsString({ message: 'must be an email address or a username' })
  @MinLength(1, { message: 'must be an email address or a username' })
  readonly identifier?: string;

  @ApiPropertyOptional({ example: 'ada@example.com', maxLength: 254, description: 'alias of `identifier`' })
  @ValidateIf((input: LoginDto) => input.email !== undefined)
  @IsString({ message: 'must be an email address' })
  readonly email?: string;

  @ApiProperty({ ...CURRENT_PASSWORD, example: 'nine brown foxes at dawn' })
  @IsString({ message: 'must be a string' })
  readonly password: string;

  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
  @RememberedDeviceToken() readonly rememberedDevice?: string;
}
