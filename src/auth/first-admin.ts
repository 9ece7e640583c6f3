import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type RequestContext, systemContext } from '../access/caller.js';
import { type Settings, SettingsError } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { lock, type Transaction, Transactions } from '../database/transaction.js';
import { newTraceId } from '../config/trace-id.js';
import { verifyEmail } from '../users/aggregate/decide.js';
import { addressKey } from '../users/aggregate/identifiers.js';
import { EmailTaken } from '../users/aggregate/user-errors.js';
import type { UserState } from '../users/aggregate/user.js';
import { UserStore } from '../users/store/user-store.js';
import { WeakPassword } from './passwords/password-rules.js';
import { Passwords } from './passwords/passwords.js';

export interface AdminSignIn {
  readonly email: string;
  /** Null if given by ADMIN_PASSWORD. */
  readonly generatedPassword: string | null;
}

/** A hint for the operator at a start that creates no admin. */
export type AdminHint = 'no-way-in' | 'never-signed-in';

/** Creates the admin of the first start; all other users are created through the API. */
@Injectable()
export class FirstAdmin {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Checks everything that can fail before the server listens; the returned function creates the admin once it does. So a failed
   * start never creates an admin whose password was not shown.
   * @throws SettingsError if there has never been an admin, and ADMIN_PASSWORD is missing in production or too weak
   */
  async prepare(): Promise<() => Promise<AdminSignIn | undefined>> {
    if (!(await this.transactions.run(isFirstStart))) return () => Promise.resolve(undefined);
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: given, NODE_ENV } = this.settings;
    if (given === undefined && NODE_ENV === 'production') {
      throw new SettingsError(['ADMIN_PASSWORD: required in production at the first start (for the first admin)']);
    }
    const password = given ?? randomBytes(15).toString('base64url');
    const hash = await this.hash(password, email);
    const signIn = { email, generatedPassword: given === undefined ? password : null };
    return async () => ((await this.make(email, hash)) ? signIn : undefined);
  }

  /**
   * Creates the admin if there has never been one.
   * @returns the credentials, at that start only
   * @throws SettingsError as `prepare`, and if ADMIN_EMAIL belongs to a user who is not an admin
   */
  async ensure(): Promise<AdminSignIn | undefined> {
    return (await this.prepare())();
  }

  /** Whether an operator has to, or may have to, act before an admin can sign in. */
  async hint(): Promise<AdminHint | undefined> {
    return this.transactions.run(async (tx) => {
      const admins = await this.users.activeAdmins(tx);
      if (admins.length === 0) return 'no-way-in';
      // ADMIN_PASSWORD is known to the operator; a generated password may not have been seen by anybody.
      const isUnknown =
        this.settings.ADMIN_PASSWORD === undefined && admins.every((admin) => admin.lastLoginAt === null);
      return isUnknown ? 'never-signed-in' : undefined;
    });
  }

  private async make(email: string, hash: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      // Replicas that start together create one admin.
      await lock(tx, 'first-admin');
      if (!(await isFirstStart(tx))) return false;
      // Serialises with a concurrent confirmation of the address.
      await lock(tx, `address:${addressKey(email)}`);
      const context = systemContext(newTraceId());
      const { id } = await this.create(tx, email, context);
      await this.users.change(tx, id, verifyEmail, context);
      await this.passwords.set(tx, id, hash);
      return true;
    });
  }

  /** Does not promote an existing user with that address, who did not ask for it. */
  private async create(tx: Transaction, email: string, context: RequestContext): Promise<UserState> {
    try {
      return await this.users.create(tx, { email, role: 'ADMIN', how: 'admin' }, context);
    } catch (error) {
      if (!(error instanceof EmailTaken)) throw error;
      throw new SettingsError([
        `ADMIN_EMAIL: ${email} belongs to a user who is not an admin, and there is no admin yet. ` +
          `Use another address, or promote that user: npm run roster -- admin reset-password --user ${email}`,
      ]);
    }
  }

  private async hash(password: string, email: string): Promise<string> {
    try {
      return await this.passwords.accept(password, { email, names: [] }, 'in-process');
    } catch (error) {
      if (error instanceof WeakPassword) throw new SettingsError([`ADMIN_PASSWORD: ${error.message}`]);
      throw error;
    }
  }
}

/** By role, regardless of status: users may register before the first admin is created. */
async function isFirstStart(tx: Transaction): Promise<boolean> {
  const rows = await tx.query<unknown[]>("SELECT 1 FROM users WHERE role = 'ADMIN' LIMIT 1");
  return rows.length === 0;
}
