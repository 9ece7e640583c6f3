import { Module } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { SETTINGS_TOKEN } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { type Log, LOG_TOKEN } from '../../ops/log.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { NewPasswords } from './new-passwords.js';
import { ClaimPasswords } from './claim-passwords.js';
import { Passwords } from './passwords.js';
import { PasswordHasher } from './password-hasher.js';
import { HashFloor } from './hash-floor.js';
import { HashPool } from './hash-pool/hash-pool.js';
import { BreachedPasswords } from './hibp.js';

@Module({
  imports: [LinksModule, SessionsModule, SecondFactorsModule],
  providers: [
    NewPasswords,
    ClaimPasswords,
    Passwords,
    HashFloor,
    {
      provide: PasswordHasher,
      inject: [Keyring, SETTINGS_TOKEN, HashPool, HashFloor],
      useFactory: (keyring: Keyring, settings: Settings, pool: HashPool, floor: HashFloor) =>
        new PasswordHasher(keyring, settings.BCRYPT_COST, pool, () => floor.rounds(), settings.PASSWORD_HASH),
    },
    {
      provide: HashPool,
      inject: [SETTINGS_TOKEN, LOG_TOKEN],
      useFactory: ({ HASH_NICE: nice, HASH_PROCESSES: workers, HASH_MAX_WAIT: longestWaitMs }: Settings, log: Log) =>
        new HashPool({
          nice,
          longestWaitMs,
          ...(workers !== undefined && { workers }),
          onLoss: (how) => log.warn({ how }, 'hash worker exited unexpectedly'),
          onFault: (fault) => log.error({ fault }, 'a password hash cannot be computed; no password matches it'),
        }),
    },
    {
      provide: BreachedPasswords,
      inject: [SETTINGS_TOKEN, LOG_TOKEN],
      useFactory: (settings: Settings, log: Log) => new BreachedPasswords(settings.HIBP_ENABLED, log),
    },
  ],
  exports: [NewPasswords, ClaimPasswords, Passwords, HashPool],
})
export class PasswordsModule {}
