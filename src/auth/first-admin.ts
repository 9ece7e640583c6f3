import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { systemContext } from '../access/caller.js';
import { type Settings, SettingsError } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { lock, type Transaction, Transactions } from '../database/transaction.js';
import { newTraceId } from '../http/trace-id.js';
import { verifyEmail } from '../users/decide.js';
import { Users } from '../users/users.js';
import { WeakPassword } from './passwords/password-rules.js';
import { Passwords } from './passwords/passwords.js';

export interface AdminSignIn {
  readonly email: string;
  /** Null when it was given by ADMIN_PASSWORD. */
  readonly generatedPassword: string | null;
}

/** The admin of the first start: everybody else is made through the API. */
@Injectable()
export class FirstAdmin {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Makes the admin when there has never been a user.
   * @returns how to sign in, at that one start only
   * @throws SettingsError when ADMIN_PASSWORD is missing in production, or too weak
   */
  async ensure(): Promise<AdminSignIn | undefined> {
    if (!(await this.transactions.run(isFirstStart))) return undefined;
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: given, NODE_ENV } = this.settings;
    if (given === undefined && NODE_ENV === 'production') {
      throw new SettingsError(['ADMIN_PASSWORD: production needs it at the first start (the first admin)']);
    }
    const password = given ?? randomBytes(15).toString('base64url');
    const hash = await this.hash(password, email);
    const created = await this.transactions.run(async (tx) => {
      // Replicas that start together make one admin.
      await lock(tx, 'first-admin');
      if (!(await isFirstStart(tx))) return false;
      const context = systemContext(newTraceId());
      const { id } = await this.users.create(tx, { email, role: 'ADMIN', how: 'admin' }, context);
      await this.users.change(tx, id, verifyEmail, context);
      await this.passwords.set(tx, id, hash);
      return true;
    });
    return created ? { email, generatedPassword: given === undefined ? password : null } : undefined;
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

async function isFirstStart(tx: Transaction): Promise<boolean> {
  const rows = await tx.query<unknown[]>('SELECT 1 FROM user_events LIMIT 1');
  return rows.length === 0;
}
