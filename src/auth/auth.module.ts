import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { Authentication } from '../access/authentication.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS_TOKEN } from '../config/settings.token.js';
import { Keyring } from '../database/keyring.js';
import { EventsModule } from '../events/events.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { type Log, LOG_TOKEN } from '../ops/log.js';
import { UsersModule } from '../users/users.module.js';
import { WaysIn } from '../users/store/ways-in.js';
import { AuthMetrics } from './auth-metrics.js';
import { AuthPersonalData } from './auth-personal-data.js';
import { ContactConfirmationController } from './contact-confirmation/contact-confirmation.controller.js';
import { ContactConfirmationLinks } from './contact-confirmation/contact-confirmation-links.js';
import { ContactConfirmationService } from './contact-confirmation/contact-confirmation.service.js';
import { CreationController } from './user-creation/user-creation.controller.js';
import { CreationService } from './user-creation/user-creation.service.js';
import { Idempotency } from './user-creation/idempotency.js';
import { Accounts } from './accounts.js';
import { EmailChangeController } from './email-change/email-change.controller.js';
import { EmailChangeLinks } from './email-change/email-change-links.js';
import { EmailChangeProofs } from './email-change/email-change-proofs.js';
import { EmailChangeService } from './email-change/email-change.service.js';
import { FirstAdmin } from './first-admin.js';
import { InvitationController } from './invitation/invitation.controller.js';
import { InvitationService } from './invitation/invitation.service.js';
import { Invitations } from './invitation/invitations.js';
import { DeviceCookies } from './lockout/device-cookies.js';
import { DeviceTokens } from './lockout/device-tokens.js';
import { LockNotices } from './lockout/lock-notices.js';
import { Lockouts } from './lockout/lockouts.js';
import { UnlockController } from './lockout/unlock.controller.js';
import { Unlocking } from './lockout/unlocking.js';
import { LoginController } from './login/login.controller.js';
import { LoginService } from './login/login.service.js';
import { MagicLinkController } from './magic-link/magic-link.controller.js';
import { MagicLinkMethod } from './magic-link/magic-link.method.js';
import { MagicLinkRequests } from './magic-link/magic-link-requests.js';
import { MagicLinkService } from './magic-link/magic-link.service.js';
import { MagicLinks } from './magic-link/magic-links.js';
import { HeldMethods } from './methods/held-methods.js';
import { MethodsController } from './methods/methods.controller.js';
import { PasswordMethod } from './methods/password.method.js';
import { SignInMethods } from './methods/sign-in-methods.js';
import { EndedLinks } from './one-time-tokens/ended-links.js';
import { LinkEndings } from './one-time-tokens/link-endings.js';
import { OneTimeTokens } from './one-time-tokens/one-time-tokens.js';
import { CurrentPassword } from './password-change/current-password.js';
import { PasswordChangeController } from './password-change/password-change.controller.js';
import { PasswordChangeService } from './password-change/password-change.service.js';
import { PasswordResetController } from './password-reset/password-reset.controller.js';
import { PasswordResetRequests } from './password-reset/password-reset-requests.js';
import { PasswordResetService } from './password-reset/password-reset.service.js';
import { HashPool } from './passwords/hash-pool/hash-pool.js';
import { BreachedPasswords } from './passwords/hibp.js';
import { ClaimPasswords } from './passwords/claim-passwords.js';
import { NewPasswords } from './passwords/new-passwords.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { Passwords } from './passwords/passwords.js';
import { RateLimitGuard } from './rate-limits/rate-limit.guard.js';
import { RateLimitStore } from './rate-limits/rate-limit-store.js';
import { RateLimits } from './rate-limits/rate-limits.js';
import { RegistrationHandlers } from './registration/before-registration.js';
import { ClaimExpiry } from './registration/claim-expiry.js';
import { RegistrationController } from './registration/registration.controller.js';
import { RegistrationService } from './registration/registration.service.js';
import { RestorationController } from './restoration/restoration.controller.js';
import { RestorationService } from './restoration/restoration.service.js';
import { AccessTokenAuthentication } from './sessions/access-token.authentication.js';
import { AccessTokens } from './sessions/access-tokens.js';
import { IntrospectionController } from './sessions/introspection.controller.js';
import { JwksController } from './sessions/jwks.controller.js';
import { RefreshController } from './sessions/refresh.controller.js';
import { RefreshService } from './sessions/refresh.service.js';
import { RefreshTokens } from './sessions/refresh-tokens.js';
import { RevocationHints } from './sessions/revocation-hints.js';
import { RevocationReader } from './sessions/revocation-reader.js';
import { Revocations } from './sessions/revocations.js';
import { SessionEndings } from './sessions/session-endings.js';
import { SessionGenerations } from './sessions/session-generations.js';
import { SessionStates } from './sessions/session-states.js';
import { SessionUpkeep } from './sessions/session-upkeep.js';
import { Sessions } from './sessions/sessions.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SignInAttempts } from './sign-in/sign-in-attempts.js';
import { SignInGate } from './sign-in/sign-in-gate.js';
import { SignInOutcomes } from './sign-in/sign-in-outcomes.js';
import { AuthEvents } from './sign-in-evidence/auth-events.js';
import { AuditTrail } from './sign-in-evidence/audit-trail.js';
import { AuditController } from './sign-in-evidence/audit.controller.js';
import { Evidence } from './sign-in-evidence/evidence.js';
import { EvidenceTally } from './sign-in-evidence/evidence-tally.js';
import { EvidenceRetention } from './sign-in-evidence/evidence-retention.js';
import { SignIns } from './sign-in-evidence/sign-ins.js';
import { SignInsController } from './sign-in-evidence/sign-ins.controller.js';
import { AddressThrottle } from './one-time-tokens/address-throttle.js';
import { Claims } from './verification/claims.js';
import { FreshLinks } from './verification/fresh-links.js';
import { VerificationController } from './verification/verification.controller.js';
import { VerificationLinks } from './verification/verification-links.js';
import { VerificationService } from './verification/verification.service.js';

/** Global, for the guard before every route asks who the caller is. */
@Global()
@Module({
  imports: [DiscoveryModule, EventsModule, UsersModule, JobsModule, JwtModule.register({})],
  controllers: [
    RegistrationController,
    VerificationController,
    CreationController,
    InvitationController,
    LoginController,
    RefreshController,
    SessionsController,
    IntrospectionController,
    JwksController,
    ContactConfirmationController,
    UnlockController,
    SignInsController,
    AuditController,
    PasswordResetController,
    PasswordChangeController,
    EmailChangeController,
    MethodsController,
    MagicLinkController,
    RestorationController,
  ],
  providers: [
    RegistrationService,
    RegistrationHandlers,
    ClaimExpiry,
    VerificationService,
    VerificationLinks,
    Claims,
    AddressThrottle,
    FreshLinks,
    CreationService,
    Idempotency,
    InvitationService,
    Invitations,
    ContactConfirmationService,
    ContactConfirmationLinks,
    PasswordResetService,
    PasswordResetRequests,
    PasswordChangeService,
    CurrentPassword,
    NewPasswords,
    ClaimPasswords,
    EmailChangeService,
    EmailChangeLinks,
    EmailChangeProofs,
    // A further way to sign in is a line here, with its controller above.
    SignInMethods,
    HeldMethods,
    { provide: WaysIn, useExisting: HeldMethods },
    PasswordMethod,
    MagicLinkMethod,
    MagicLinkService,
    MagicLinkRequests,
    MagicLinks,
    LoginService,
    SignInGate,
    SignInAttempts,
    SignInOutcomes,
    AuthEvents,
    EvidenceRetention,
    Evidence,
    EvidenceTally,
    AuditTrail,
    SignIns,
    Lockouts,
    LockNotices,
    Unlocking,
    DeviceTokens,
    DeviceCookies,
    RateLimits,
    RateLimitStore,
    { provide: APP_GUARD, useClass: RateLimitGuard },
    Sessions,
    AccessTokens,
    RefreshTokens,
    RefreshService,
    SessionGenerations,
    RevocationReader,
    Revocations,
    RevocationHints,
    SessionStates,
    AccessTokenAuthentication,
    { provide: Authentication, useExisting: AccessTokenAuthentication },
    SessionEndings,
    SessionUpkeep,
    RestorationService,
    EndedLinks,
    LinkEndings,
    OneTimeTokens,
    Passwords,
    {
      provide: PasswordHasher,
      inject: [Keyring, SETTINGS_TOKEN, HashPool],
      useFactory: (keyring: Keyring, settings: Settings, pool: HashPool) =>
        new PasswordHasher(keyring, settings.BCRYPT_COST, pool),
    },
    {
      provide: HashPool,
      inject: [SETTINGS_TOKEN, LOG_TOKEN],
      useFactory: ({ HASH_NICE: nice }: Settings, log: Log) =>
        new HashPool({ nice, onLoss: (how) => log.warn({ how }, 'a hash worker ended by itself') }),
    },
    {
      provide: BreachedPasswords,
      inject: [SETTINGS_TOKEN, LOG_TOKEN],
      useFactory: (settings: Settings, log: Log) => new BreachedPasswords(settings.HIBP_ENABLED, log),
    },
    FirstAdmin,
    AuthPersonalData,
    AuthMetrics,
    Accounts,
  ],
  exports: [
    Authentication,
    WaysIn,
    Invitations,
    OneTimeTokens,
    Passwords,
    SignInGate,
    SignInMethods,
    FirstAdmin,
    Accounts,
    LockNotices,
    RateLimits,
  ],
})
export class AuthModule {}
