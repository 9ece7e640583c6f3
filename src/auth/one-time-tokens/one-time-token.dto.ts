import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches } from 'class-validator';
import { WITHOUT_NUL } from '../../http/request/text-patterns.js';

/**
 * Trims characters that cannot be part of a token: mail clients, and people who copy a link, include surrounding punctuation such
 * as a full stop, a bracket or a space.
 */
function withoutSurroundings(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^[^A-Za-z0-9]*([A-Za-z0-9._-]*[A-Za-z0-9_-])(?:[^A-Za-z0-9_-]|$)/.exec(value)?.[1] ?? value;
}

/** A one-time token from a mailed link. */
export class OneTimeTokenDto {
  @ApiProperty({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.ZXhhbXBsZS10b2tlbi1vZi00My1jaGFyYWN0ZXJzLWxvbmc',
    maxLength: 200,
    // A malformed token is answered like a used one.
    pattern: WITHOUT_NUL,
  })
  @Transform(({ value }: { value: unknown }) => withoutSurroundings(value))
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly token: string;
}

/** A valid link. */
export class TokenStateResponse {
  @ApiProperty({ enum: [true], example: true })
  readonly valid: boolean;

  @ApiProperty({ format: 'date-time' })
  readonly expiresAt: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'ada@example.com',
    description:
      'the address that the link is about, to show and for password managers; null for a link that is about none',
  })
  readonly email: string | null;
}

/** A valid link for an account whose password may have been set by somebody else. */
export class ProofLinkStateResponse extends TokenStateResponse {
  @ApiProperty({
    example: false,
    description:
      'whether a new password must be sent with the link, because the current one may have been set by somebody else',
  })
  readonly newPasswordRequired: boolean;
}
