import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { type MethodOffer, type OwnMethod, SignInMethod } from '../sign-in-methods/sign-in-method.js';

/** Available to every user with a confirmed address: a reader of its mails could reset the password as well. */
@Injectable()
export class MagicLinkMethod extends SignInMethod {
  readonly id = 'magic-link';

  offer(): MethodOffer {
    const request = { method: 'POST', href: '/auth/magic-link/request' } as const;
    return { label: 'A link by mail', signIn: request, register: request };
  }

  heldBy(_tx: Transaction, { email, emailVerified }: UserEntity): Promise<OwnMethod | undefined> {
    return Promise.resolve(email !== null && emailVerified ? { addedAt: null, removable: false } : undefined);
  }

  remove(): Promise<never> {
    return Promise.reject(new Error('A link by mail comes with the address'));
  }
}
