export { Forbidden, NotAuthenticated, RosterOutOfReach, VerifyError } from './errors.js';
export { Verifier, type VerifierOptions } from './verifier.js';
export type { Role, RosterUser } from './user.js';
