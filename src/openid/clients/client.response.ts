import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { PageInfo } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { Link } from '../../users/api/user.response.js';
import {
  chosenSettingsOf,
  CLIENT_SCOPES,
  type ClientScope,
  GRANT_TYPES,
  type GrantType,
  ID_TOKEN_ALGORITHMS,
  type IdTokenAlgorithm,
  type RegisteredClient,
} from './client.js';
import { CLIENT_EVENT_TYPES, type ClientEvent, type ClientEventType } from './client-log.js';
import type { ClientWithSecret } from './client-registry.js';

const CLIENT_ID = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

/** A client as admins see it. */
@ApiExtraModels(Link)
export class ClientResponse {
  @ApiProperty({ format: 'uuid', example: CLIENT_ID }) readonly clientId: string;
  @ApiProperty({ example: 'Grafana' }) readonly name: string;
  @ApiProperty({ type: [String], example: ['https://grafana.example.com/login/generic_oauth'] })
  readonly redirectUris: readonly string[];
  @ApiProperty({ type: [String], example: ['https://grafana.example.com/'] })
  readonly postLogoutRedirectUris: readonly string[];
  @ApiProperty({ type: String, nullable: true, example: null }) readonly backchannelLogoutUri: string | null;
  @ApiProperty({ enum: GRANT_TYPES, enumName: 'GrantType', isArray: true, example: ['authorization_code'] })
  readonly grantTypes: readonly GrantType[];
  @ApiProperty({ enum: CLIENT_SCOPES, enumName: 'ClientScope', isArray: true, example: ['openid', 'email'] })
  readonly scopes: readonly ClientScope[];
  @ApiProperty({ type: [String], example: [], description: 'the services that it may get JWTs for' })
  readonly resources: readonly string[];
  @ApiProperty({ example: false, description: 'whether it has no secret' }) readonly public: boolean;
  @ApiProperty({ example: false, description: 'whether people are not asked for consent' })
  readonly firstParty: boolean;
  @ApiProperty({ enum: ID_TOKEN_ALGORITHMS, enumName: 'IdTokenAlgorithm', example: 'RS256' })
  readonly idTokenSignedResponseAlg: IdTokenAlgorithm;
  @ApiProperty({ example: false }) readonly claimsInIdToken: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'until when a replaced secret is still accepted',
  })
  readonly previousSecretUntil: string | null;

  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ format: 'date-time' }) readonly updatedAt: string;

  @ApiProperty({
    description: 'the actions that you may currently take on it',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { self: { href: `/clients/${CLIENT_ID}`, method: 'GET' } },
  })
  readonly _links: Readonly<Record<string, Link>>;

  static from(client: RegisteredClient): ClientResponse {
    return {
      clientId: client.clientId,
      ...chosenSettingsOf(client),
      previousSecretUntil: client.previousSecretUntil?.toISOString() ?? null,
      createdAt: client.createdAt.toISOString(),
      updatedAt: client.updatedAt.toISOString(),
      _links: linksOf(client),
    };
  }
}

export class ClientWithSecretResponse extends ClientResponse {
  @ApiPropertyOptional({
    pattern: '^rcs_[A-Za-z0-9_-]{43}$',
    example: 'rcs_0q6M3c9b1xH8kZ5vT2wY7nR4eL0sD9fG6jP3aU1iO8E',
    description: 'shown only once; absent for a public client',
  })
  readonly clientSecret?: string;

  static fromNew({ client, clientSecret }: ClientWithSecret): ClientWithSecretResponse {
    return Object.assign(ClientResponse.from(client), clientSecret === undefined ? {} : { clientSecret });
  }
}

export class ClientPage {
  @ApiProperty({ type: [ClientResponse] }) readonly items: ClientResponse[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}

class ClientEventActor {
  @ApiProperty({
    enum: ['user', 'anonymous', 'system'],
    enumName: 'ActorKind',
    description: '`system` for an operator at the command line',
  })
  readonly kind: 'user' | 'anonymous' | 'system';
  @ApiPropertyOptional({ format: 'uuid', description: 'id of the `user`' }) readonly id?: string;
  @ApiPropertyOptional({ enum: USER_ROLES, enumName: 'UserRole', description: 'role of the `user` at that time' })
  readonly role?: UserRole;
}

export class ClientEventItem {
  @ApiProperty({ format: 'uuid' }) readonly id: string;
  @ApiProperty({ format: 'uuid' }) readonly clientId: string;
  @ApiProperty({ enum: CLIENT_EVENT_TYPES, enumName: 'ClientEventType' }) readonly type: ClientEventType;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { changes: { name: { from: 'Grafana', to: 'Dashboards' } } },
    description:
      'the settings of a new client; the `changes` of a changed one; the name of a deleted one; until when a replaced secret is accepted',
  })
  readonly data: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: ClientEventActor }) readonly actor: ClientEventActor;
  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736' }) readonly traceId: string;
  @ApiProperty({ format: 'date-time' }) readonly occurredAt: string;

  static from({ occurredAt, ...event }: ClientEvent): ClientEventItem {
    return { ...event, occurredAt: occurredAt.toISOString() };
  }
}

export class ClientEventPage {
  @ApiProperty({ type: [ClientEventItem] }) readonly items: ClientEventItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}

function linksOf({ clientId, public: isPublic }: RegisteredClient): Record<string, Link> {
  const href = `/clients/${clientId}`;
  return {
    self: { href, method: 'GET' },
    update: { href, method: 'PATCH' },
    delete: { href, method: 'DELETE' },
    ...(!isPublic && { rotateSecret: { href: `${href}/rotate-secret`, method: 'POST' } }),
    events: { href: `${href}/events`, method: 'GET' },
  };
}
