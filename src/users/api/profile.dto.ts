import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsOptional, IsString, Matches, Validate, ValidateBy, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import { LINE, LINES } from '../../http/request/text-patterns.js';
import {
  isBcp47,
  isE164,
  isGithubUrl,
  isLine,
  isLinkedinUrl,
  isPictureUrl,
  LINE_EXPECTED,
  PROFILE_PATTERNS,
} from '../aggregate/profile-rules.js';

/** Turns a pure predicate into a class-validator rule. */
function rule(accepts: (value: string) => boolean, expected: string) {
  @ValidatorConstraint()
  class Rule implements ValidatorConstraintInterface {
    validate(value: unknown): boolean {
      return typeof value === 'string' && accepts(value);
    }
    defaultMessage(): string {
      return expected;
    }
  }
  return Rule;
}

/** Property: a string that may be absent, or null to clear it. */
export const Text = (
  maxLength: number,
  example: string,
  pattern: string,
  ...more: PropertyDecorator[]
): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength, pattern, example }),
    IsOptional(),
    IsString({ message: 'must be a string' }),
    ...more,
  );

/** Anything else is left unchanged and refused by the check that follows. */
const trimmed = ({ value }: TransformFnParams): unknown => (isLine(value) ? value.trim() : value);

const isOneLine = applyDecorators(
  Transform(trimmed),
  ValidateBy({ name: 'isLine', validator: { validate: isLine } }, { message: LINE_EXPECTED }),
);

/**
 * Property: one line of text that may be absent or null. Surrounding white space is trimmed, as it is never intended. Other
 * invisible characters are refused: they make different names look alike, and a user who pasted one should know.
 */
export const Line = (maxLength: number, example: string): PropertyDecorator =>
  Text(maxLength, example, LINE, isOneLine);

/** Property: the same, which must be given. */
export const RequiredLine = (maxLength: number, example: string): PropertyDecorator =>
  applyDecorators(ApiProperty({ type: String, maxLength, pattern: LINE, example }), isOneLine);

const Lines = (maxLength: number, example: string): PropertyDecorator =>
  Text(maxLength, example, LINES, Matches(new RegExp(LINES, 'u'), { message: 'must not contain control characters' }));

/** Property: one line of at most 100 characters, or null. */
export const Name = (example: string): PropertyDecorator => Line(100, example);

/** Property: a language tag (BCP 47), or null. */
export const Locale = (): PropertyDecorator =>
  Text(
    35,
    'en-GB',
    PROFILE_PATTERNS.locale,
    Validate(rule(isBcp47, 'must be a language tag such as en or pt-BR (BCP 47)')),
  );

/** The fields of a profile. Absent fields are unchanged by PATCH and cleared by PUT; null clears. */
export class ProfileDto {
  @Name('Ada') readonly firstName?: string | null;
  @Name('Lovelace') readonly lastName?: string | null;
  @Name('ada') readonly nickname?: string | null;
  @Lines(2000, 'Wrote the first program.') readonly bio?: string | null;

  @Text(
    2048,
    'https://images.example.com/ada.jpg',
    PROFILE_PATTERNS.pictureUrl,
    Validate(rule(isPictureUrl, 'must be an https URL')),
  )
  readonly pictureUrl?: string | null;

  @Locale() readonly locale?: string | null;

  @Text(
    16,
    '+442079460958',
    PROFILE_PATTERNS.phone,
    Validate(rule(isE164, 'must be a phone number in E.164 form, such as +442079460958')),
  )
  readonly phone?: string | null;

  @Text(
    100,
    'https://github.com/ada',
    PROFILE_PATTERNS.githubUrl,
    Validate(rule(isGithubUrl, 'must be a URL such as https://github.com/name')),
  )
  readonly githubUrl?: string | null;

  @Text(
    200,
    'https://www.linkedin.com/in/ada',
    PROFILE_PATTERNS.linkedinUrl,
    Validate(rule(isLinkedinUrl, 'must be a URL such as https://www.linkedin.com/in/name')),
  )
  readonly linkedinUrl?: string | null;
}
