import { ApiProperty } from '@nestjs/swagger';
import { ApiItemLinks, type ItemLinks, removalLink } from '../../users/api/item-links.js';
import type { HeldIdentity } from './user-identities.js';

const text = { type: String, nullable: true } as const;

export class IdentityResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ example: 'google', description: 'id of the provider' }) readonly provider: string;
  @ApiProperty({ example: 'Google', description: 'its name for people' }) readonly providerName: string;
  @ApiProperty({
    ...text,
    example: 'ada@example.com',
    description: 'as the provider last named it; not proved by that',
  })
  readonly email: string | null;
  @ApiProperty({ ...text, example: 'Ada Lovelace' }) readonly name: string | null;
  @ApiProperty({ ...text, example: 'ada', description: 'at the provider' }) readonly username: string | null;
  @ApiProperty({ ...text, example: 'https://github.com/ada', description: 'the page of the person at the provider' })
  readonly url: string | null;
  @ApiProperty({ format: 'date-time' }) readonly linkedAt: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null }) readonly lastUsedAt: string | null;
  @ApiProperty({ example: true, description: 'whether it can be unlinked now' }) readonly removable: boolean;
  @ApiItemLinks('unlink', '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/identities/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6072')
  readonly _links: ItemLinks;

  static from(identity: HeldIdentity, providerName: string): IdentityResponse {
    const { id, userId, provider, profile, linkedAt, lastUsedAt, removable, mayRemove } = identity;
    const { email, name, username, url } = profile;
    return {
      ...{ id, provider, providerName, email, name, username, url, removable },
      linkedAt: linkedAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
      _links: removalLink('unlink', mayRemove && removable, `/users/${userId}/identities/${id}`),
    };
  }
}

export class IdentityList {
  @ApiProperty({ type: [IdentityResponse] }) readonly items: IdentityResponse[];
}

export class LinkStart {
  @ApiProperty({
    format: 'uri',
    example: 'https://accounts.google.com/o/oauth2/v2/auth?client_id=roster',
    description: 'where the browser is to go, within ten minutes',
  })
  readonly authorizationUrl: string;
}
