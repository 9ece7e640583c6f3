import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import { isBcp47, isE164, isGithubUrl, isLinkedinUrl, isPictureUrl } from './profile-rules.js';

/** Makes a class-validator rule of a pure one. */
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

/** Property: a text that may be left out, or null to clear it. */
export const Text = (maxLength: number, example: string, ...more: PropertyDecorator[]): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength, example }),
    IsOptional(),
    ...more,
    MaxLength(maxLength, { message: `must have at most ${maxLength} characters` }),
    IsString({ message: 'must be a text' }),
  );

export const OneLine = () => Matches(/^(?=.*\S)\P{Cc}*$/u, { message: 'must be one line of text, and not blank' });
const Lines = () => Matches(/^(?:\P{Cc}|[\n\r\t])*$/u, { message: 'must not contain control characters' });

/** Property: one line of at most 100 characters, or null. */
export const Name = (example: string): PropertyDecorator => Text(100, example, OneLine());

/** Property: a language tag (BCP 47), or null. */
export const Locale = (): PropertyDecorator =>
  Text(35, 'en-GB', Validate(rule(isBcp47, 'must be a language tag such as en or pt-BR (BCP 47)')));

/** What a profile is made of. Absent fields stay as they are with PATCH and are cleared with PUT; null clears. */
export class ProfileDto {
  @Name('Ada') readonly firstName?: string | null;
  @Name('Lovelace') readonly lastName?: string | null;
  @Name('ada') readonly nickname?: string | null;
  @Text(2000, 'Wrote the first program.', Lines()) readonly bio?: string | null;

  @Text(2048, 'https://images.example.com/ada.jpg', Validate(rule(isPictureUrl, 'must be an https URL')))
  readonly pictureUrl?: string | null;

  @Locale() readonly locale?: string | null;

  @Text(16, '+442079460958', Validate(rule(isE164, 'must be a phone number in E.164 form, such as +442079460958')))
  readonly phone?: string | null;

  @Text(100, 'https://github.com/ada', Validate(rule(isGithubUrl, 'must be such as https://github.com/name')))
  readonly githubUrl?: string | null;

  @Text(
    200,
    'https://www.linkedin.com/in/ada',
    Validate(rule(isLinkedinUrl, 'must be such as https://www.linkedin.com/in/name')),
  )
  readonly linkedinUrl?: string | null;
}
