import { Injectable, type OnModuleInit } from '@nestjs/common';
import { OnUserEvent, type Transaction, type UserEvent, Users } from 'roster';

@Injectable()
export class Audit implements OnModuleInit {
  constructor(private readonly users: Users) {}

  /** A table of the application's own, in Roster's database. */
  async onModuleInit(): Promise<void> {
    await this.users.transaction((tx) =>
      tx.query('CREATE TABLE IF NOT EXISTS acme_audit (event_id uuid PRIMARY KEY, type text, user_id uuid)'),
    );
  }

  /** In the transaction of the change: both are there, or neither. */
  @OnUserEvent()
  async write(event: UserEvent, tx: Transaction): Promise<void> {
    await tx.query('INSERT INTO acme_audit VALUES ($1, $2, $3)', [event.id, event.type, event.userId]);
  }
}
