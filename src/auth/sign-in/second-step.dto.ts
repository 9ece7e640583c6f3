import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, ValidateIf } from 'class-validator';
import type { AssertionJson } from '../second-factors/credential-json.js';
import { PasskeyAssertion } from '../second-factors/credential-property.js';
import { SECOND_FACTOR_METHODS, type SecondFactorMethod } from '../second-factors/second-factor.js';
import { DeviceToken } from './device-token.dto.js';
import { KeepSignedIn, RememberDevice, SessionProof } from './session-choice.dto.js';

const isGiven = ValidateIf((_input, given) => given !== undefined);

export class SecondStepDto {
  @ApiProperty({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBzaWduLWluIHRoYXQgd2FpdHMgZm9yIGEgc2Vjb25k',
    maxLength: 200,
    description: '`continueWith.token` of the first step',
  })
  @IsString({ message: 'must be the token of the first step' })
  readonly token: string;

  @ApiProperty({ enum: SECOND_FACTOR_METHODS, example: 'totp', description: 'one of `continueWith.methods`' })
  @IsIn(SECOND_FACTOR_METHODS, { message: `must be one of ${SECOND_FACTOR_METHODS.join(', ')}` })
  readonly method: SecondFactorMethod;

  @ApiPropertyOptional({
    example: '287082',
    maxLength: 64,
    description: 'of the authenticator app, or a recovery code in any spacing and case',
  })
  @isGiven
  @IsString({ message: 'must be a string' })
  readonly code?: string;

  @PasskeyAssertion(false) readonly assertion?: AssertionJson;
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
  @RememberDevice() readonly rememberDevice?: boolean;
}
