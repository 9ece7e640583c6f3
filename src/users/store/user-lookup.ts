import { Injectable } from '@nestjs/common';
import { type Statement, Statements } from '../../database/statements.js';
import { addressKey, usernameKey } from '../aggregate/identifiers.js';
import { type Addressees, addressees, idsOfAddress } from './claim-of-address.js';
import type { UserEntity } from './user.entity.js';
import { USER_COLUMNS } from './user-rows.js';

/** Reads one user outside any transaction: most requests need nothing else from the database. */
@Injectable()
export class UserLookup {
  private readonly byId: Statement;
  private readonly byAddress: Statement;
  private readonly byName: Statement;

  constructor(private readonly statements: Statements) {
    const where = (condition: string): string => `SELECT ${USER_COLUMNS} FROM users WHERE ${condition}`;
    this.byId = { name: 'user-by-id', text: where('id = $1') };
    this.byAddress = { name: 'users-by-address', text: where(`id = ANY (ARRAY(${idsOfAddress('$1')}))`) };
    this.byName = { name: 'user-by-username', text: where('username_key = $1') };
  }

  /** The user, deleted or not. */
  async findById(id: string): Promise<UserEntity | undefined> {
    const [user] = await this.statements.read<UserEntity>(this.byId, [id]);
    return user;
  }

  /** The user who has this address or username, and the newest unconfirmed registration for it. */
  async findByIdentifier(identifier: string): Promise<Addressees> {
    const isAddress = identifier.includes('@');
    const users = await this.statements.read<UserEntity>(
      ...(isAddress
        ? ([this.byAddress, [addressKey(identifier)]] as const)
        : ([this.byName, [usernameKey(identifier)]] as const)),
    );
    return addressees(users);
  }
}
