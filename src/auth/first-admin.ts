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
  /** Null when it was given by ADMIN_PASSWORD. */
  readonly generatedPassword: string | null;
}

/** What an operator should know at a start that makes no admin. */
export type AdminHint = 'no-way-in' | 'never-signed-in';

/** The admin of the first start: everybody else is made through the API. */
@Injectable()
export class FirstAdmin {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Everything that can go wrong, before the server listens; the admin is made by what this returns, when it does. So a start that
   * fails makes nobody whose password was never shown.
   * @throws SettingsError when there has never been an admin, and ADMIN_PASSWORD is missing in production, or too weak
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
   * Makes the admin when there has never been one.
   * @returns how to sign in, at that one start only
   * @throws SettingsError, as `prepare`; and when ADMIN_EMAIL is the address of somebody who is no admin
   */
  async ensure(): Promise<AdminSignIn | undefined> {
    return (await this.prepare())();
  }

  /** Whether an operator has to do something before an admin can sign in, or may have to. */
  async hint(): Promise<AdminHint | undefined> {
    return this.transactions.run(async (tx) => {
      const admins = await this.users.activeAdmins(tx);
      if (admins.length === 0) return 'no-way-in';
      // Whoever gave ADMIN_PASSWORD knows it; one that was made up may have been seen by nobody.
      const isUnknown =
        this.settings.ADMIN_PASSWORD === undefined && admins.every((admin) => admin.lastLoginAt === null);
      return isUnknown ? 'never-signed-in' : undefined;
    });
  }

  private async make(email: string, hash: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      // Replicas that start together make one admin.
      await lock(tx, 'first-admin');
      if (!(await isFirstStart(tx))) return false;
      // Whoever proves the address at this moment meets us here.
      await lock(tx, `address:${addressKey(email)}`);
      const context = systemContext(newTraceId());
      const { id } = await this.create(tx, email, context);
      await this.users.change(tx, id, verifyEmail, context);
      await this.passwords.set(tx, id, hash);
      return true;
    });
  }

  /** Nobody is made an admin because of an address: whoever has it already did not ask for that. */
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

/** By the role, whatever became of them: somebody may register before the first admin is made. */
async function isFirstStart(tx: Transaction): Promise<boolean> {
  const rows = await tx.query<unknown[]>("SELECT 1 FROM users WHERE role = 'ADMIN' LIMIT 1");
  return rows.length === 0;
}
