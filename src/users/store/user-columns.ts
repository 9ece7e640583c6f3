import type { DataSource } from 'typeorm';
import { UserEntity } from './user.entity.js';

/** The column list for SELECT or RETURNING that makes a row of `users` a `UserEntity`. */
export function userColumns(dataSource: DataSource): string {
  const { columns } = dataSource.getMetadata(UserEntity);
  return columns.map((column) => `users.${column.databaseName} AS "${column.propertyName}"`).join(', ');
}
