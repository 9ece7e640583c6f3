import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsString, ValidateIf } from 'class-validator';
import { CURRENT_PASSWORD } from '../passwords/current-password.dto.js';
import type { AssertionJson } from '../second-factors/credential-json.js';
import { PasskeyAssertion } from '../second-factors/credential-property.js';
import { ASSURANCE_LEVELS, type AssuranceLevel, MAX_AMR } from '../sessions/assurance.js';
import { TokensResponse } from '../sessions/signed-in.response.js';
import { STEP_UP_METHODS, type StepUpMethod } from './step-up-method.js';

const takes = (...methods: StepUpMethod[]): PropertyDecorator =>
  ValidateIf(({ method }: StepUpDto, given) => given !== undefined || methods.includes(method));

export class StepUpDto {
  @ApiProperty({
    enum: STEP_UP_METHODS,
    description: '`password` for a user without a second factor, else one of the others',
  })
  @IsIn(STEP_UP_METHODS, { message: `must be one of ${STEP_UP_METHODS.join(', ')}` })
  readonly method: StepUpMethod;

  @ApiPropertyOptional({ ...CURRENT_PASSWORD, description: 'with `password`' })
  @takes('password')
  @IsString({ message: 'must be a string' })
  readonly password?: string;

  @ApiPropertyOptional({
    maxLength: 64,
    description: 'with `totp` or `recovery-code`, in any spacing and case',
    example: '492039',
  })
  @takes('totp', 'recovery-code')
  @IsString({ message: 'must be a string' })
  readonly code?: string;

  @PasskeyAssertion(false) readonly assertion?: AssertionJson;
}

const TOKENS = ['accessToken', 'tokenType', 'expiresIn', 'refreshToken'] as const;

/** The session after a step-up. The tokens are absent for a browser session, whose cookie is replaced. */
export class SteppedUpResponse extends PartialType(PickType(TokensResponse, TOKENS)) {
  @ApiProperty({ enum: ASSURANCE_LEVELS, enumName: 'AssuranceLevel' }) readonly acr: AssuranceLevel;
  @ApiProperty({
    type: [String],
    maxItems: MAX_AMR,
    description: 'authentication methods (RFC 8176)',
    example: ['pwd'],
  })
  readonly amr: readonly string[];
  @ApiProperty({ format: 'date-time', description: 'when the user last authenticated' }) readonly authTime: string;
}
