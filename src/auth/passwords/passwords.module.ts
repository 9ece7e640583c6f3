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
import { HashPool } from './hash-pool/hash-pool.js';
import { BreachedPasswords } from './hibp.js';

@Module({
  imports: [LinksModule, SessionsModule, SecondFactorsModule],
  providers: [
    NewPasswords,
    ClaimPasswords,
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
        new HashPool({ nice, onLoss: (how) => log.warn({ how }, 'hash worker exited unexpectedly') }),
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
