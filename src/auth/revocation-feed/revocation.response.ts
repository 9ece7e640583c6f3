import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageLinks } from '../../http/pagination/page-links.js';
import type { PlacedRevocation } from './revocation-feed.js';

/** What was revoked: `sid`, `sub` or `kid`, exactly one of them. */
export class RevocationResponse {
  @ApiProperty({ type: 'integer', example: 17, description: 'its place in the feed, which never changes' })
  readonly position: number;

  @ApiPropertyOptional({
    format: 'uuid',
    description:
      'a session that ended, or a key of a service account that was retired: none of its tokens holds any more',
  })
  readonly sid?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'a user who may do other things than before: tokens from before hold no more, see `epoch`',
  })
  readonly sub?: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 9,
    description: 'with `sub`: tokens of this user with a lower `epoch` hold no more',
  })
  readonly epoch?: number;

  @ApiPropertyOptional({
    example: '3f1c2a9d5b7e8f04',
    description: 'a signing key: `key-retired` signs no longer, of `key-destroyed` no token holds any more',
  })
  readonly kid?: string;

  @ApiProperty({
    example: 'signed-out',
    maxLength: 100,
    description:
      'of a session why it ended, such as signed-out, password-changed or suspended; of a user role-changed, suspended, deleted or erased; of a key key-retired or key-destroyed. There may be others in later releases',
  })
  readonly reason: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  readonly at: string;

  static from({ position, kind, subject, reason, epoch, at }: PlacedRevocation): RevocationResponse {
    return {
      position,
      // The JWTs of a service account name its key as their session.
      ...((kind === 'sessions' || kind === 'service_keys') && { sid: subject }),
      ...(kind === 'users' && { sub: subject }),
      ...(kind === 'keys' && { kid: subject }),
      ...(epoch !== null && { epoch }),
      reason,
      at: at.toISOString(),
    };
  }
}

class RevocationPageInfo {
  @ApiProperty({ type: 'integer', example: 100 })
  readonly limit: number;

  @ApiProperty({ type: 'integer', example: 17, description: '`after` of the next page' })
  readonly nextAfter: number;

  @ApiProperty({ description: 'whether there is more to read already', example: false })
  readonly hasMore: boolean;

  @ApiProperty({
    type: 'integer',
    example: 3600,
    description: 'how long a revocation can be read at least, in seconds; longer than any access token lives',
  })
  readonly keptForSeconds: number;
}

export class RevocationsPage {
  @ApiProperty({ type: [RevocationResponse] })
  readonly items: RevocationResponse[];

  @ApiProperty({ type: RevocationPageInfo })
  readonly page: RevocationPageInfo;

  @ApiProperty({ type: PageLinks })
  readonly _links: PageLinks;
}
