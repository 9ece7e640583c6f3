import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches } from 'class-validator';
import { WITHOUT_NUL } from '../../http/request/text-patterns.js';

/**
 * A token without what cannot be a part of it at its ends: mail programs, and people who copy a link, take along what stands
 * around it, such as a full stop, a bracket, a space.
 */
function withoutSurroundings(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^[^A-Za-z0-9]*([A-Za-z0-9._-]*[A-Za-z0-9_-])(?:[^A-Za-z0-9_-]|$)/.exec(value)?.[1] ?? value;
}

/** A one-time token, as the link in a mail carries it. */
export class OneTimeTokenDto {
  @ApiProperty({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.ZXhhbXBsZS10b2tlbi1vZi00My1jaGFyYWN0ZXJzLWxvbmc',
    maxLength: 200,
    // What is no token is as good as one that was used.
    pattern: WITHOUT_NUL,
  })
  @Transform(({ value }: { value: unknown }) => withoutSurroundings(value))
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(WITHOUT_NUL, 'u'), { message: 'must not contain NUL characters' })
  readonly token: string;
}

/** A link that is still good. */
export class TokenStateResponse {
  @ApiProperty({ enum: [true], example: true })
  readonly valid: boolean;

  @ApiProperty({ format: 'date-time' })
  readonly expiresAt: string;
}

/** A link that is still good, for an account whose password may be somebody else's choice. */
export class ProofLinkStateResponse extends TokenStateResponse {
  @ApiProperty({
    example: false,
    description:
      'whether a new password must be sent with the link, because the current one may have been set by somebody else',
  })
  readonly newPasswordRequired: boolean;
}
