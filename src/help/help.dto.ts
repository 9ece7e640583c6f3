import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsOptional, Matches, ValidateBy } from 'class-validator';
import { LINE } from '../http/request/text-patterns.js';
import { UserMailItem } from '../mail/api/all-mails.dto.js';
import { Link, UserResponse } from '../users/api/user.response.js';
import type { FactCode } from './facts.js';
import { EN } from './words/en.js';

const CODES = Object.keys(EN.facts);

export const HELP_KINDS = ['address', 'username', 'user', 'phone', 'trace', 'mail'] as const;
export type HelpKind = (typeof HELP_KINDS)[number];

export class HelpQuery {
  @ApiProperty({
    minLength: 1,
    maxLength: 400,
    pattern: LINE,
    description:
      'an email address, a username, the id of a user or a mail, a phone number with its country code, a trace id (or a whole `traceparent`), or a Message-ID, with or without `<>`',
    example: 'ada@example.com',
  })
  @Matches(new RegExp(LINE, 'u'), { message: 'must be one line of text' })
  readonly about: string;

  @ApiPropertyOptional({
    maxLength: 64,
    pattern: '^[A-Za-z0-9_+/-]+$',
    description: 'the time zone of the times in sentences, by its IANA name; UTC without it',
    example: 'Europe/Vienna',
  })
  @IsOptional()
  @ValidateBy(
    { name: 'isTimeZone', validator: { validate: isTimeZone } },
    { message: 'must be a time zone such as Europe/Vienna' },
  )
  readonly timeZone?: string;
}

function isTimeZone(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_+/-]+$/.test(value)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** One thing that is known, with its sentence. */
export class HelpFact {
  @ApiProperty({ enum: CODES, enumName: 'HelpFactCode', example: 'locked' }) readonly code: FactCode;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'when it happened',
    example: '2026-11-21T09:14:00.000Z',
  })
  readonly at: string | null;

  @ApiProperty({
    description:
      'true for what keeps the person from signing in or a mail from arriving; false for what helps to understand it',
    example: true,
  })
  readonly isReason: boolean;

  @ApiProperty({
    description: 'in the language of `Accept-Language`: English or German',
    example: 'Locked until 21 November 2026, 09:15 UTC, after 5 wrong attempts from 203.0.113.9.',
  })
  readonly text: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'the values in the sentence, for clients with words of their own; which there are depends on `code`',
    example: { until: '2026-11-21T09:15:00.000Z', failures: 5, from: ['203.0.113.9'] },
  })
  readonly values: Readonly<Record<string, unknown>>;
}

@ApiExtraModels(Link)
export class HelpAnswer {
  @ApiProperty({ enum: HELP_KINDS, enumName: 'HelpKind', description: 'what was recognised', example: 'address' })
  readonly kind: HelpKind;

  @ApiPropertyOptional({ type: UserResponse, description: 'whom it is about, if that is one user whom you may see' })
  readonly user?: UserResponse;

  @ApiProperty({ type: [HelpFact], description: 'reasons first' }) readonly facts: readonly HelpFact[];

  @ApiProperty({
    type: [String],
    description: 'what you may do about it: names in `_links`',
    example: ['unlock'],
  })
  readonly actions: readonly string[];

  @ApiProperty({
    type: [UserMailItem],
    description: 'the newest mails, at most 10, without those that you may not see',
  })
  readonly mails: readonly UserMailItem[];

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { unlock: { href: '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/unlock', method: 'POST' } },
  })
  readonly _links: Readonly<Record<string, Link>>;
}
