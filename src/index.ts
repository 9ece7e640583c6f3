// The public API for applications that embed Roster. See docs/embedding.md.
import './embedding/refuse-old-node.js';
export { Forbidden, NotAuthenticated } from './access/access-errors.js';
export {
  type Actor,
  type Caller,
  Context,
  contextOf,
  CurrentCaller,
  type RequestContext,
  systemContext,
} from './access/caller.js';
export type { Role, UserRole } from './access/role.js';
export { type AcceptedPassword, Accounts } from './auth/accounts.js';
export { type ElsewhereAttempt, VerifyElsewhere } from './auth/login/verify-elsewhere.js';
export { HashingOverloaded as Busy } from './auth/passwords/hash-pool/hashing-overloaded.js';
export { WeakPassword } from './auth/passwords/password-rules.js';
export { BeforeRegistration, type RegistrationRequest } from './auth/registration/before-registration.js';
export { SecondFactorRequired } from './auth/second-factors/second-factor-errors.js';
export { EmailNotVerified } from './auth/sign-in/sign-in-errors.js';
export { SettingsError } from './config/settings.js';
export { lock, type Transaction } from './database/transaction.js';
export { Allow, DomainErrorFilter } from './embedding/allow.js';
export { RosterModule } from './embedding/roster.module.js';
export type { RosterOptions } from './embedding/roster-options.js';
export type { NewUserEvent, Profile, UserEvents, UserEventType } from './events/catalogue.js';
export { RefusedByHandler, VersionConflict } from './events/event-errors.js';
export { OnUserEvent } from './events/handlers.js';
export type { UserEvent, UserEventOf } from './events/user-event.js';
export { DomainError, type FieldError } from './problems/domain-error.js';
export { newTraceId } from './config/trace-id.js';
export {
  changeProfessionalStatus,
  changeRole,
  changeUsername,
  type NewUser,
  reinstate,
  remove,
  restore,
  suspend,
  updateProfile,
  verifyEmail,
} from './users/aggregate/decide.js';
export type { UserEntity } from './users/store/user.entity.js';
export {
  EmailTaken,
  InvalidUsername,
  LastAdmin,
  NothingToUpdate,
  UsernameTaken,
  UsernameUnchanged,
  UserNotFound,
} from './users/aggregate/user-errors.js';
export { statusOf } from './users/api/user.response.js';
export type { UserState } from './users/aggregate/user.js';
export { UserStore as Users } from './users/store/user-store.js';
