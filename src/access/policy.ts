import { USER_KINDS, USER_ROLES, type UserKind, type UserRole } from './role.js';

/** The actions on a user that the API offers. */
export const USER_ACTIONS = [
  'read',
  'history',
  'signIns',
  'sessions',
  'endSessions',
  'rememberedDevices',
  'forgetDevices',
  'mails',
  'resendMail',
  'update',
  'username',
  'password',
  'email',
  'methods',
  'removeMethod',
  'identities',
  'linkIdentity',
  'unlinkIdentity',
  'factors',
  'addFactor',
  'removeFactor',
  'resetFactors',
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
  'keys',
] as const;
export type UserAction = (typeof USER_ACTIONS)[number];

interface Rule {
  readonly self: boolean;
  /** A MANAGER acting on an AUTHENTICATED user. */
  readonly managerOnUser: boolean;
  /** A MANAGER acting on another MANAGER or an ADMIN. */
  readonly managerOnStaff: boolean;
  readonly admin: boolean;
}

const yes = true;
const no = false;

/** The authorisation matrix. Nothing else in Roster decides on ownership or rank. */
// prettier-ignore
const TABLE: Readonly<Record<UserAction, Rule>> = {
  read:               { self: yes, managerOnUser: yes, managerOnStaff: yes, admin: yes },
  history:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  signIns:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  sessions:           { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  endSessions:        { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  rememberedDevices:  { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  forgetDevices:      { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  mails:              { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  resendMail:         { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  update:             { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  username:           { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  password:           { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: no  },
  email:              { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  methods:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  removeMethod:       { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  identities:         { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  // Somebody else's would let that person in.
  linkIdentity:       { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: no  },
  unlinkIdentity:     { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  factors:            { self: yes, managerOnUser: yes, managerOnStaff: no,  admin: yes },
  // Somebody else's would let that person in.
  addFactor:          { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: no  },
  removeFactor:       { self: yes, managerOnUser: no,  managerOnStaff: no,  admin: yes },
  resetFactors:       { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
  role:               { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
  professionalStatus: { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  suspend:            { self: no,  managerOnUser: yes, managerOnStaff: no,  admin: yes },
  // Written for staff; whether the user learns it is up to them.
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
  // Of service accounts alone: to make a key is to become one.
  keys:               { self: no,  managerOnUser: no,  managerOnStaff: no,  admin: yes },
};

export interface Rank {
  readonly id: string;
  readonly role: UserRole;
  /** A person by default. */
  readonly kind?: UserKind;
}

// What there is to do with an account that has no address, no ways to sign in, and no profile but its name.
const ON_SERVICES: ReadonlySet<UserAction> = new Set([
  ...(['read', 'history', 'role', 'suspend', 'suspensionReason', 'reinstate'] as const),
  ...(['delete', 'restore', 'erase', 'export', 'keys'] as const),
]);

/** True if `actor` may take `action` on `target`, given their current state. */
export function allows(actor: Rank, action: UserAction, target: Rank): boolean {
  const rule = TABLE[action];
  const isSelf = actor.id === target.id;
  if (target.kind === 'SERVICE') {
    // Services belong to the ADMINs; the staff may look at them.
    if (!ON_SERVICES.has(action)) return false;
    return actor.role === 'ADMIN' ? rule.admin : action === 'read' && (isSelf || actor.role === 'MANAGER');
  }
  if (action === 'keys') return false;
  if (actor.role === 'ADMIN') return rule.admin || (isSelf && rule.self);
  if (isSelf) return rule.self;
  if (actor.role !== 'MANAGER') return false;
  return target.role === 'AUTHENTICATED' ? rule.managerOnUser : rule.managerOnStaff;
}

/** True if a caller of this role may create users of that role. */
export function mayCreate(actor: UserRole, role: UserRole): boolean {
  return actor === 'ADMIN' || (actor === 'MANAGER' && role === 'AUTHENTICATED');
}

/** True if `actor` may take `action` on anyone at all; if not, the refusal does not depend on whether `id` exists. */
export function mayEver(actor: Rank, action: UserAction, id: string): boolean {
  return USER_KINDS.some((kind) => USER_ROLES.some((role) => allows(actor, action, { id, role, kind })));
}
