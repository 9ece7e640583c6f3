import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { Passwords } from '../passwords/passwords.js';
import { type MethodOffer, type OwnMethod, SignInMethod } from './sign-in-method.js';

@Injectable()
export class PasswordMethod extends SignInMethod {
  readonly id = 'password';

  constructor(private readonly passwords: Passwords) {
    super();
  }

  offer(): MethodOffer {
    return {
      label: 'Email address or username, and password',
      signIn: { method: 'POST', href: '/auth/login' },
      register: { method: 'POST', href: '/auth/register' },
    };
  }

  async heldBy(tx: Transaction, { id }: UserEntity): Promise<OwnMethod | undefined> {
    const addedAt = await this.passwords.changedAt(tx, id);
    return addedAt && { addedAt, removable: true };
  }

  async remove(tx: Transaction, userId: string): Promise<null[]> {
    await this.passwords.remove(tx, userId);
    return [null];
  }
}
