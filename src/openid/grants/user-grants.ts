import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { AuthEvents } from '../../auth/sign-in-evidence/auth-events.js';
import { Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { type Connection, Connections } from '../provider/connections.js';

/** The user has not signed in to this application, or was disconnected from it. */
export class GrantNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user is not connected with this application.');
  }
}

/** The applications of one user, for that user and for staff who may see and end sessions. */
@Injectable()
export class UserGrants {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly connections: Connections,
    private readonly events: AuthEvents,
  ) {}

  /** The newest first. @throws Forbidden, UserNotFound */
  async list(act: Pick<ActionRequest, 'id' | 'caller'>): Promise<Connection[]> {
    const { user } = await this.actions.findAllowed({ ...act, action: 'sessions' });
    return this.transactions.run((tx) => this.connections.list(tx, user.id));
  }

  /** Its tokens stop working at once, on every server. @throws Forbidden, UserNotFound, PreconditionFailed, GrantNotFound */
  async end(act: Omit<ActionRequest, 'action'>, clientId: string): Promise<void> {
    await this.actions.perform({ ...act, action: 'endSessions' }, decideNothing, async (tx) => {
      // Like every id: anything else may contain characters that PostgreSQL refuses.
      if (!isUuid(clientId)) throw new GrantNotFound();
      if (!(await this.connections.end(tx, act.id, clientId))) throw new GrantNotFound();
      const { caller, context } = act;
      const about = { userId: act.id, sessionId: caller.sessionId, context };
      await this.events.record(tx, { type: 'application.disconnected', ...about, what: clientId });
    });
  }
}
