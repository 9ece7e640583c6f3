import type { UserRole } from './role.js';

/** What can be done with a user through the API. */
export const USER_ACTIONS = [
  'read',
  'history',
  'signIns',
  'sessions',
  'endSessions',
  'mails',
  'resendMail',
  'update',
  'username',
  'password',
  'email',
  'methods',
  'removeMethod',
  'role',
  'professionalStatus',
  'suspend',
  'suspensionReason',
  'reinstate',
  'unlock',
  'delete',
  'restore',
  'erase',
  'export',
  'contacts',
  'addContact',
  'removeContact',
] as const;
export type UserAction = (typeof USER_ACTIONS)[number];

interface Rule {
  readonly self: boolean;
  /** A MANAGER with an AUTHENTICATED user. */
  readonly managerOnUser: boolean;
  /** A MANAGER with another MANAGER or an ADMIN. */
  readonly managerOnStaff: boolean;
  readonly admin: boolean;
}

const yes = true;
const no = false;

/** Who may do what with whom. Nothing else in Roster decides on ownership or rank. */
// prettier-ignore
const TABLE: Readonly<Record<UserAction, Rule>> = {
  read:               { self: yes, managerOnUser: yes, managerOnStaff: yes, admin: yes },
  history:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  signIns:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  sessions:           { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  endSessions:        { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  mails:              { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  resendMail:         { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  update:             { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  username:           { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  password:           { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: no  },
  email:              { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  methods:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  removeMethod:       { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  role:               { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
  professionalStatus: { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  suspend:            { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  // Written for colleagues: to the person it is told by who suspended them, if at all.
  suspensionReason:   { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  reinstate:          { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  unlock:             { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  delete:             { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  restore:            { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
  erase:              { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
  export:             { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  contacts:           { self: yes, managerOnUser: yes, managerOnStaff: yes, admin: yes },
  addContact:         { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  removeContact:      { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
};

export interface Rank {
  readonly id: string;
  readonly role: UserRole;
}

/** True when `actor` may take `action` on `target`, as both are at this moment. */
export function allows(actor: Rank, action: UserAction, target: Rank): boolean {
  const rule = TABLE[action];
  const isSelf = actor.id === target.id;
  if (actor.role === 'ADMIN') return rule.admin || (isSelf && rule.self);
  if (isSelf) return rule.self;
  if (actor.role !== 'MANAGER') return false;
  return target.role === 'AUTHENTICATED' ? rule.managerOnUser : rule.managerOnStaff;
}

/** True when somebody of this role may create users of that role. */
export function mayCreate(actor: UserRole, role: UserRole): boolean {
  return actor === 'ADMIN' || (actor === 'MANAGER' && role === 'AUTHENTICATED');
}

/** True when `actor` may take `action` on somebody or other: whoever may not is told so without a look at whether `id` exists. */
export function mayEver(actor: Rank, action: UserAction, id: string): boolean {
  return (['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const).some((role) => allows(actor, action, { id, role }));
}
