import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { MagicLinkMethod } from '../auth/magic-link/magic-link.method.js';
import { PasskeyMethod } from '../auth/passkeys/passkey.method.js';
import { Passkeys } from '../auth/passkeys/passkeys.js';
import { passkeyHost } from '../auth/passkeys/relying-party.js';
import { PasskeyFactor } from '../auth/passkeys/passkey.factor.js';
import { Identities } from '../auth/identities/identities.js';
import { ProviderMethod } from '../auth/providers/provider.method.js';
import { RecoveryCodes } from '../auth/recovery-codes/recovery-codes.js';
import type { SecondFactor } from '../auth/second-factors/second-factor.js';
import { SecondFactors } from '../auth/second-factors/second-factors.js';
import { TotpFactor } from '../auth/totp/totp.factor.js';
import type { SignInMethod } from '../auth/sign-in-methods/sign-in-method.js';
import { PasswordMethod } from '../auth/sign-in-methods/password.method.js';
import { EndedLinks } from '../auth/one-time-tokens/ended-links.js';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import { HashPool } from '../auth/passwords/hash-pool/hash-pool.js';
import { BreachedPasswords } from '../auth/passwords/hibp.js';
import { PasswordHasher } from '../auth/passwords/password-hasher.js';
import { Passwords } from '../auth/passwords/passwords.js';
import { AccessTokens } from '../auth/sessions/access-tokens.js';
import { RefreshTokens } from '../auth/sessions/refresh-tokens.js';
import { Sessions } from '../auth/sessions/sessions.js';
import { AuthEvents } from '../auth/sign-in-evidence/auth-events.js';
import { SystemClock } from '../config/clock.js';
import { Statements } from '../database/statements.js';
import { EventLog } from '../events/event-log.js';
import { UserEventHandlers } from '../events/handlers.js';
import { PersonalDataRegistry } from '../events/personal-data-registry.js';
import { Jobs } from '../jobs/jobs.js';
import { createLog } from '../ops/log.js';
import { Snapshots } from '../users/store/snapshots.js';
import { UserStore } from '../users/store/user-store.js';
import type { OperatorContext } from './operator-context.js';

// The services that operator commands use without a server. Only servers have handlers; they detect changes in the database
// themselves.

const nobody = (): DiscoveryService => new DiscoveryService(new ModulesContainer());

export function authEventsAt({ keyring, transactions }: OperatorContext): AuthEvents {
  return new AuthEvents(keyring, transactions, nobody());
}

export function sessionsAt({ settings, keyring }: OperatorContext, events: AuthEvents): Sessions {
  const accessTokens = new AccessTokens(settings, new JwtService(), keyring, new SystemClock());
  return new Sessions(settings, accessTokens, new RefreshTokens(keyring), { expire: () => undefined }, events);
}

/** Hashes passwords in this process. */
export function passwordsAt({ settings, keyring, transactions, dataSource }: OperatorContext): Passwords {
  const idle = new HashPool({ nice: settings.HASH_NICE, onLoss: () => undefined });
  const hasher = new PasswordHasher(keyring, settings.BCRYPT_COST, idle, undefined, settings.PASSWORD_HASH);
  const breached = new BreachedPasswords(false, createLog(settings));
  return new Passwords(settings, hasher, transactions, new Statements(settings, dataSource), breached);
}

/** Every sign-in method of the server; a test compares them. */
export function signInMethodsAt(
  { settings, personalData }: Pick<OperatorContext, 'settings' | 'personalData'>,
  passwords: Passwords,
): SignInMethod[] {
  const passkeys = new PasskeyMethod(new Passkeys(personalData), { id: passkeyHost(settings) });
  const identities = new Identities(personalData);
  const providers = settings.providers.map((provider) => new ProviderMethod(provider, identities));
  return [new PasswordMethod(passwords), new MagicLinkMethod(), passkeys, ...providers];
}

/** Every second factor of the server, to list and remove them; a test compares them. */
export function secondFactorsAt({
  settings,
  personalData,
  keyring,
}: Pick<OperatorContext, 'settings' | 'personalData' | 'keyring'>): SecondFactor[] {
  const site = { id: passkeyHost(settings) };
  // No command checks a proof.
  const assertions = undefined as never;
  return [
    new TotpFactor(personalData),
    new PasskeyFactor(new Passkeys(personalData), assertions, site),
    new RecoveryCodes(keyring, new SecondFactors(nobody())),
  ];
}

export function usersAt(operator: OperatorContext, passwords: Passwords): UserStore {
  const { settings, keyring, personalData, transactions } = operator;
  const handlers = new UserEventHandlers(nobody());
  handlers.onModuleInit();
  const methods = signInMethodsAt(operator, passwords);
  return new UserStore(
    new EventLog(new SystemClock(), keyring, personalData, { wake: () => undefined }),
    handlers,
    new PersonalDataRegistry(),
    new Snapshots(personalData, createLog(settings)),
    transactions,
    {
      hasOne: async (tx, user) => {
        for (const method of methods) if (await method.heldBy(tx, user)) return true;
        return false;
      },
    },
  );
}

export function linksAt({ settings, keyring, transactions }: OperatorContext): OneTimeTokens {
  return new OneTimeTokens(keyring, new EndedLinks(transactions, new Jobs(settings, createLog(settings))));
}
