import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Statement, Statements } from '../../database/statements.js';
import { MOST_ROUNDS } from './foreign/foreign-hash.js';

const COSTLIEST: Statement = {
  name: 'costliest-imported-password',
  text: 'SELECT max(imported_rounds) AS rounds FROM password_credentials WHERE imported_rounds IS NOT NULL',
};
/** In the name is the algorithm, then the pepper, then the bcrypt string with its cost. */
const COSTLIEST_BCRYPT: Statement = {
  name: 'costliest-bcrypt-password',
  text: `SELECT 2 ^ max(split_part(split_part(hash, ':', 3), '$', 3)::int) AS rounds FROM password_credentials
         WHERE hash LIKE 'bcrypt-hmac-sha384:%'`,
};
const KNOWN_FOR_MS = 60_000;
/** There is no index for these, as only an installation that changed to Argon2id asks, and they only become fewer. */
const BCRYPT_KNOWN_FOR_MS = 15 * 60_000;

/**
 * The work of the costliest hash that nobody has signed in with yet since it was imported, or since PASSWORD_HASH became `argon2id`. Every
 * comparison does as much: see `PasswordHasher`.
 */
@Injectable()
export class HashFloor {
  private known = 0;
  private staleAt = 0;
  private bcrypt = 0;
  private bcryptStaleAt = 0;

  constructor(
    private readonly statements: Statements,
    @InjectSettings() private readonly settings: Pick<Settings, 'PASSWORD_HASH'>,
  ) {}

  /** In rounds of bcrypt; 0 without such hashes. Those imported are as they were at most a minute ago, those of Roster a quarter of an hour. */
  async rounds(): Promise<number> {
    const now = performance.now();
    if (now < this.staleAt) return this.known;
    // Before the question, so that of many at once only one asks.
    this.staleAt = now + KNOWN_FOR_MS;
    try {
      if (this.settings.PASSWORD_HASH === 'argon2id' && now >= this.bcryptStaleAt) {
        this.bcrypt = await this.costliest(COSTLIEST_BCRYPT);
        this.bcryptStaleAt = now + BCRYPT_KNOWN_FOR_MS;
      }
      const costliest = Math.max(this.bcrypt, await this.costliest(COSTLIEST));
      // Whatever is stored, nobody waits longer than for the costliest hash that is taken.
      this.known = Math.min(costliest, MOST_ROUNDS);
    } catch (error) {
      this.staleAt = 0;
      throw error;
    }
    return this.known;
  }

  private async costliest(statement: Statement): Promise<number> {
    const [row] = await this.statements.read<{ rounds: number | null }>(statement, []);
    return row?.rounds ?? 0;
  }
}
