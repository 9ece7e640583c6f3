import { ApiExtraModels, ApiProperty, ApiSchema, getSchemaPath } from '@nestjs/swagger';
import { allows, type Rank, USER_ACTIONS, type UserAction } from '../../access/policy.js';
import { USER_KINDS, USER_ROLES, type UserKind, type UserRole } from '../../access/role.js';
import type { UserState } from '../aggregate/user.js';
import type { UserEntity } from '../store/user.entity.js';

export const USER_STATUSES = ['PENDING', 'ACTIVE', 'LOCKED', 'SUSPENDED', 'DELETED'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** What a response shows of a user: its state, and operational data stored beside it. */
export type ShownUser = UserState & Pick<UserEntity, 'lockedUntil' | 'lastLoginAt'>;

/** Derived when read: nothing expires without an event. */
export function statusOf(user: ShownUser, now: Date): UserStatus {
  if (user.deletedAt !== null) return 'DELETED';
  if (user.suspendedAt !== null) return 'SUSPENDED';
  if (isLocked(user, now)) return 'LOCKED';
  return user.pending ? 'PENDING' : 'ACTIVE';
}

function isLocked({ lockedUntil }: ShownUser, now: Date): boolean {
  return lockedUntil !== null && lockedUntil > now;
}

export class Link {
  @ApiProperty({ format: 'uri-reference', example: '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })
  readonly href: string;

  @ApiProperty({ enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], example: 'PATCH' })
  readonly method: string;
}

// Actions on a contact are among the links of that contact.
const ROUTES: Readonly<Partial<Record<UserAction, { readonly method: string; readonly path: string }>>> = {
  read: { method: 'GET', path: '' },
  history: { method: 'GET', path: '/history' },
  signIns: { method: 'GET', path: '/sign-ins' },
  sessions: { method: 'GET', path: '/sessions' },
  endSessions: { method: 'DELETE', path: '/sessions' },
  rememberedDevices: { method: 'GET', path: '/remembered-devices' },
  forgetDevices: { method: 'DELETE', path: '/remembered-devices' },
  mails: { method: 'GET', path: '/mails' },
  update: { method: 'PATCH', path: '' },
  username: { method: 'PUT', path: '/username' },
  password: { method: 'PUT', path: '/password' },
  email: { method: 'PUT', path: '/email' },
  methods: { method: 'GET', path: '/methods' },
  identities: { method: 'GET', path: '/identities' },
  factors: { method: 'GET', path: '/factors' },
  resetFactors: { method: 'DELETE', path: '/factors' },
  role: { method: 'PUT', path: '/role' },
  professionalStatus: { method: 'PUT', path: '/professional-status' },
  suspend: { method: 'POST', path: '/suspend' },
  reinstate: { method: 'POST', path: '/reinstate' },
  unlock: { method: 'POST', path: '/unlock' },
  delete: { method: 'DELETE', path: '' },
  restore: { method: 'POST', path: '/restore' },
  erase: { method: 'POST', path: '/erase' },
  export: { method: 'GET', path: '/export' },
  contacts: { method: 'GET', path: '/contacts' },
  addContact: { method: 'POST', path: '/contacts' },
};

function linksOf(user: ShownUser, now: Date, viewer: Rank): Record<string, Link> {
  const links: Record<string, Link> = {};
  for (const action of USER_ACTIONS) {
    const route = ROUTES[action];
    if (!route || !allows(viewer, action, user) || !makesSense(action, user, now)) continue;
    // Deleted users are only found with `includeDeleted`.
    const asks = user.deletedAt !== null && (action === 'read' || action === 'history');
    const href = `/users/${user.id}${route.path}${asks ? '?includeDeleted=true' : ''}`;
    links[action === 'read' ? 'self' : action] = { href, method: route.method };
  }
  return links;
}

function makesSense(action: UserAction, user: ShownUser, now: Date): boolean {
  if (user.erasedAt !== null) return action === 'read' || action === 'history';
  if (user.deletedAt !== null) return ['read', 'history', 'restore', 'erase', 'export'].includes(action);
  if (action === 'restore') return false;
  if (action === 'role' || action === 'email') return !user.pending;
  if (action === 'unlock') return isLocked(user, now);
  if (action === 'suspend') return user.suspendedAt === null;
  return action !== 'reinstate' || user.suspendedAt !== null;
}

const text = { type: String, nullable: true } as const;
// Stored as entered, possibly with non-ASCII letters, so not a URI in the strict sense (RFC 3986).
const url = { ...text, description: 'an https URL' } as const;
const time = { type: String, format: 'date-time', nullable: true, example: null } as const;

/** A user as callers see it: an allow-list, so that a new column is shown only once it is added here. */
@ApiSchema({ name: 'User' })
@ApiExtraModels(Link)
export class UserResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }) readonly id: string;
  @ApiProperty({ ...text, format: 'idn-email', example: 'ada@example.com' }) readonly email: string | null;
  @ApiProperty({ example: true }) readonly emailVerified: boolean;
  @ApiProperty({ ...text, example: 'ada' }) readonly username: string | null;
  @ApiProperty({ ...text, example: 'Ada' }) readonly firstName: string | null;
  @ApiProperty({ ...text, example: 'Lovelace' }) readonly lastName: string | null;
  @ApiProperty({ ...text, example: null }) readonly nickname: string | null;
  @ApiProperty({ ...text, example: null }) readonly bio: string | null;
  @ApiProperty({ ...url, example: 'https://images.example.com/ada.jpg' }) readonly pictureUrl: string | null;
  @ApiProperty({ ...text, example: 'en' }) readonly locale: string | null;
  @ApiProperty({ ...text, example: '+442079460958' }) readonly phone: string | null;
  @ApiProperty({ ...url, example: 'https://github.com/ada' }) readonly githubUrl: string | null;
  @ApiProperty({ ...url, example: null }) readonly linkedinUrl: string | null;
  @ApiProperty({ example: false }) readonly isProfessional: boolean;
  @ApiProperty(time) readonly professionalStatusChangedAt: string | null;
  @ApiProperty({ enum: USER_ROLES, enumName: 'UserRole' }) readonly role: UserRole;
  @ApiProperty({ enum: USER_KINDS, enumName: 'UserKind', description: 'a person, or a service account' })
  readonly kind: UserKind;

  @ApiProperty({ enum: USER_STATUSES, enumName: 'UserStatus' }) readonly status: UserStatus;
  @ApiProperty(time) readonly lockedUntil: string | null;
  @ApiProperty(time) readonly lastLoginAt: string | null;
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ format: 'date-time' }) readonly updatedAt: string;
  @ApiProperty({ type: 'integer', minimum: 1, description: 'increases by one with each event', example: 3 })
  readonly version: number;
  @ApiProperty({
    description: 'the actions that you may currently take on this user',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { self: { href: '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', method: 'GET' } },
  })
  readonly _links: Readonly<Record<string, Link>>;

  /** @param viewer the caller; the links follow the policy for them */
  static from(user: ShownUser, now: Date, viewer: Rank): UserResponse {
    return {
      id: user.id,
      email: user.email,
      emailVerified: user.emailVerified,
      username: user.username,
      firstName: user.firstName,
      lastName: user.lastName,
      nickname: user.nickname,
      bio: user.bio,
      pictureUrl: user.pictureUrl,
      locale: user.locale,
      phone: user.phone,
      githubUrl: user.githubUrl,
      linkedinUrl: user.linkedinUrl,
      isProfessional: user.isProfessional,
      professionalStatusChangedAt: user.professionalStatusChangedAt?.toISOString() ?? null,
      role: user.role,
      kind: user.kind,
      status: statusOf(user, now),
      lockedUntil: user.lockedUntil?.toISOString() ?? null,
      lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
      createdAt: user.createdAt.toISOString(),
      updatedAt: user.updatedAt.toISOString(),
      version: user.version,
      _links: linksOf(user, now, viewer),
    };
  }
}
