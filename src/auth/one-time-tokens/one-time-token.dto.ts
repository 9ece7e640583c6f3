import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { WITHOUT_NUL } from '../../http/text-patterns.js';

/** A one-time token, as the link in a mail carries it. */
export class OneTimeTokenDto {
  @ApiProperty({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.ZXhhbXBsZS10b2tlbi1vZi00My1jaGFyYWN0ZXJzLWxvbmc',
    maxLength: 200,
    // What is no token is as good as one that was used.
    pattern: WITHOUT_NUL,
  })
  @IsString({ message: 'must be a text' })
  @MaxLength(200)
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
