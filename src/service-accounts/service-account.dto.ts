import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, ValidateIf } from 'class-validator';
import { USER_ROLES, type UserRole } from '../access/role.js';
import { type Scope, SCOPES, scopesOf } from '../access/scopes.js';
import { Link, statusOf, USER_STATUSES, type UserStatus } from '../users/api/user.response.js';
import { RequiredLine } from '../users/api/profile.dto.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { MAX_LISTED } from './service-account-acts.js';

const NAME_LENGTH = 100;
const EXAMPLE_ID = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const IfGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
const SOME = ['users:read', 'introspect'] satisfies Scope[];

const Scopes = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: [String],
      enum: SCOPES,
      enumName: 'Scope',
      maxItems: SCOPES.length,
      uniqueItems: true,
      description,
      example: SOME,
    }),
    IfGiven(),
    IsArray({ message: 'must be a list of scopes' }),
    ArrayMaxSize(SCOPES.length, { message: 'must name each scope once' }),
    ArrayUnique({ message: 'must name each scope once' }),
    IsIn(SCOPES, { each: true, message: `must be scopes of: ${SCOPES.join(', ')}` }),
  );

export class NewServiceAccountDto {
  @RequiredLine(NAME_LENGTH, 'Billing') readonly name: string;

  @ApiProperty({ enum: USER_ROLES, enumName: 'UserRole', description: 'the most that it may do, whatever its scopes' })
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role: UserRole;

  @Scopes('what its keys may be used for; all of them if left out') readonly scopes?: Scope[];
}

export class ChangeServiceAccountDto {
  @ApiPropertyOptional({ type: String, maxLength: NAME_LENGTH, example: 'Billing' })
  @IfGiven()
  @RequiredLine(NAME_LENGTH, 'Billing')
  readonly name?: string;

  @Scopes('what its keys may be used for from now on') readonly scopes?: Scope[];
}

/** A service account as ADMINs see it. */
@ApiExtraModels(Link)
export class ServiceAccountResponse {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID, description: 'also its id as a user, and as an OAuth client' })
  readonly id: string;
  @ApiProperty({ example: 'Billing' }) readonly name: string;
  @ApiProperty({ enum: USER_ROLES, enumName: 'UserRole' }) readonly role: UserRole;
  @ApiProperty({ type: [String], enum: SCOPES, enumName: 'Scope', maxItems: SCOPES.length, example: SOME })
  readonly scopes: Scope[];
  @ApiProperty({ enum: USER_STATUSES, enumName: 'UserStatus', description: '`ACTIVE` or `SUSPENDED`' })
  readonly status: UserStatus;
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ format: 'date-time' }) readonly updatedAt: string;
  @ApiProperty({
    description: 'the actions that you may currently take on it',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { self: { href: `/service-accounts/${EXAMPLE_ID}`, method: 'GET' } },
  })
  readonly _links: Readonly<Record<string, Link>>;

  static from(user: UserEntity, now: Date): ServiceAccountResponse {
    const { id, nickname, role, scope, createdAt, updatedAt } = user;
    return {
      id,
      name: nickname ?? '',
      role,
      scopes: scopesOf(scope),
      status: statusOf(user, now),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
      _links: linksOf(id, user.suspendedAt !== null),
    };
  }
}

/** For an ADMIN, who may do everything. */
function linksOf(id: string, isSuspended: boolean): Record<string, Link> {
  const own = `/service-accounts/${id}`;
  const asUser = `/users/${id}`;
  return {
    self: { href: own, method: 'GET' },
    change: { href: own, method: 'PATCH' },
    delete: { href: own, method: 'DELETE' },
    keys: { href: `${own}/keys`, method: 'GET' },
    createKey: { href: `${own}/keys`, method: 'POST' },
    role: { href: `${asUser}/role`, method: 'PUT' },
    history: { href: `${asUser}/history`, method: 'GET' },
    ...(isSuspended
      ? { reinstate: { href: `${asUser}/reinstate`, method: 'POST' } }
      : { suspend: { href: `${asUser}/suspend`, method: 'POST' } }),
  };
}

export class ServiceAccountList {
  @ApiProperty({ type: [ServiceAccountResponse], maxItems: MAX_LISTED }) readonly items: ServiceAccountResponse[];
}
