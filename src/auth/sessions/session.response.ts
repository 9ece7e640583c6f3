import { ApiProperty } from '@nestjs/swagger';
import { describeDevice } from '../../rendering/device.js';
import { ApiItemLinks, type ItemLinks, removalLink } from '../../users/api/item-links.js';
import type { Session } from './sessions.js';
import { MAX_SESSIONS } from './start-session.js';

const time = { format: 'date-time' } as const;

/** One device on which the caller is signed in. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' }) readonly id: string;

  @ApiProperty({
    enum: ['browser', 'api'],
    description: 'whether it is authenticated by a cookie or by tokens',
    example: 'api',
  })
  readonly kind: 'browser' | 'api';

  @ApiProperty({ type: 'string', nullable: true, example: 'Firefox on Linux', description: 'as far as it is known' })
  readonly device: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: '203.0.113.5', description: 'address of the last use' })
  readonly ip: string | null;

  @ApiProperty({ ...time, description: 'when the session began' }) readonly createdAt: string;
  @ApiProperty({ ...time, description: 'when the session began or was last refreshed' }) readonly lastUsedAt: string;
  @ApiProperty({ ...time, description: 'when the session ends unless it is refreshed' }) readonly expiresAt: string;
  @ApiProperty({ description: 'whether this request came from it', example: true }) readonly current: boolean;
  @ApiItemLinks('end', '/auth/sessions/019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00')
  readonly _links: ItemLinks;

  /** @param list the address of the list, below which a caller who `mayEnd` them ends each */
  static from(
    session: Session,
    { currentId, mayEnd, list }: { readonly currentId: string; readonly mayEnd: boolean; readonly list: string },
  ): SessionResponse {
    return {
      id: session.id,
      kind: shownKind(session),
      device: describeDevice(session.user_agent),
      ip: session.ip,
      createdAt: session.created_at.toISOString(),
      lastUsedAt: session.last_used_at.toISOString(),
      expiresAt: session.expires_at.toISOString(),
      current: session.id === currentId,
      _links: removalLink('end', mayEnd, `${list}/${session.id}`),
    };
  }
}

/** All sessions, last used first; too few to need pages. */
export class SessionList {
  @ApiProperty({ type: [SessionResponse], maxItems: MAX_SESSIONS }) readonly items: SessionResponse[];
}

/** How a session is proved, in the words of the API. */
export function shownKind({ kind }: Pick<Session, 'kind'>): 'browser' | 'api' {
  return kind === 'BROWSER' ? 'browser' : 'api';
}
