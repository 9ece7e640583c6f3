import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Statement, Statements } from '../../database/statements.js';
import { UserEntity } from './user.entity.js';

/** Reads one user outside any transaction: most requests need nothing else from the database. */
@Injectable()
export class UserLookup {
  /** The column list for SELECT or RETURNING that makes a row of `users` a `UserEntity`. */
  readonly columns: string;
  private readonly byId: Statement;

  constructor(
    private readonly statements: Statements,
    dataSource: DataSource,
  ) {
    const { columns } = dataSource.getMetadata(UserEntity);
    this.columns = columns.map((column) => `users.${column.databaseName} AS "${column.propertyName}"`).join(', ');
    this.byId = { name: 'user-by-id', text: `SELECT ${this.columns} FROM users WHERE id = $1` };
  }

  /** The user, deleted or not. */
  async findById(id: string): Promise<UserEntity | undefined> {
    const [user] = await this.statements.read<UserEntity>(this.byId, [id]);
    return user;
  }
}
