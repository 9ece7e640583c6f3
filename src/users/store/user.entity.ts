import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UserKind, UserRole } from '../../access/role.js';
import type { Contact } from '../aggregate/contact.js';
import { addressKey, usernameKey } from '../aggregate/identifiers.js';
import { searchColumnOf } from '../aggregate/search-text.js';
import type { UserState } from '../aggregate/user.js';

const time = { type: 'timestamptz', precision: 3, nullable: true } as const;
const text = { type: 'text', nullable: true } as const;

/** The row of a user: the fold of its events, plus two operational columns. */
@Entity('users')
export class UserEntity {
  @PrimaryColumn('uuid') id: string;
  @Column('integer') version: number;
  @Column(text) email: string | null;
  @Column({ ...text, name: 'email_key' }) emailKey: string | null;
  @Column('boolean', { name: 'email_verified' }) emailVerified: boolean;
  @Column(text) username: string | null;
  @Column({ ...text, name: 'username_key' }) usernameKey: string | null;
  @Column({ ...text, name: 'first_name' }) firstName: string | null;
  @Column({ ...text, name: 'last_name' }) lastName: string | null;
  @Column(text) nickname: string | null;
  @Column(text) bio: string | null;
  @Column({ ...text, name: 'picture_url' }) pictureUrl: string | null;
  @Column(text) locale: string | null;
  @Column(text) phone: string | null;
  @Column({ ...text, name: 'github_url' }) githubUrl: string | null;
  @Column({ ...text, name: 'linkedin_url' }) linkedinUrl: string | null;
  @Column('boolean', { name: 'is_professional' }) isProfessional: boolean;
  @Column({ ...time, name: 'professional_status_changed_at' }) professionalStatusChangedAt: Date | null;
  @Column('text') role: UserRole;
  @Column('text', { name: 'account_kind' }) kind: UserKind;
  @Column(text) scope: string | null;
  @Column('jsonb') contacts: readonly Contact[];
  @Column('boolean') pending: boolean;
  @Column({ ...time, name: 'suspended_at' }) suspendedAt: Date | null;
  @Column({ ...time, name: 'deleted_at' }) deletedAt: Date | null;
  @Column({ ...time, name: 'erased_at' }) erasedAt: Date | null;
  @Column({ ...time, name: 'created_at', nullable: false }) createdAt: Date;
  @Column({ ...time, name: 'updated_at', nullable: false }) updatedAt: Date;
  /** Names and identifiers in the form that is searched; see `search-text.ts`. */
  @Column('text') search: string;

  // Operational: written by `auth` through this folder, outside the fold and the version.
  @Column({ ...time, name: 'locked_until', insert: false, update: false }) lockedUntil: Date | null;
  @Column({ ...time, name: 'last_login_at', insert: false, update: false }) lastLoginAt: Date | null;
}

export type UserRow = Omit<UserEntity, 'lockedUntil' | 'lastLoginAt'>;

/** The row for a state: blank for an erased person, none for a removed registration. */
export function rowOf(state: UserState): UserRow | undefined {
  if (state.pending && state.erasedAt !== null) return undefined;
  return {
    ...state,
    emailKey: state.email === null ? null : addressKey(state.email),
    usernameKey: state.username === null ? null : usernameKey(state.username),
    search: searchColumnOf(state),
  };
}

/** The user after a change of the facts, or when new; undefined if no row is left. */
export function entityAfter(before: UserEntity | undefined, next: UserState): UserEntity | undefined {
  const row = rowOf(next);
  if (!row) return undefined;
  // A user who shares a mailbox with another has no key (`SharedMailboxes`) until the address changes.
  const emailKey = before && !isOtherAddress(before, next) ? before.emailKey : row.emailKey;
  return { ...row, emailKey, lockedUntil: before?.lockedUntil ?? null, lastLoginAt: before?.lastLoginAt ?? null };
}

/** Whether a user has got an address or another one, or has confirmed it. */
export function isOtherAddress(before: UserState | undefined, next: UserState): boolean {
  return before?.email !== next.email || before.pending !== next.pending;
}

/** The inverse of `rowOf`: `stateOf(rowOf(state))` is `state`. */
export function stateOf(row: UserRow): UserState {
  const { emailKey: _, usernameKey: __, search: ___, ...state } = row;
  const { lockedUntil: ____, lastLoginAt: _____, ...facts } = state as typeof state & Partial<UserEntity>;
  return facts;
}
