import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { allows } from '../../access/policy.js';
import { Transactions } from '../../database/transaction.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { SessionNotFound } from './session-not-found.js';
import { type EndReason, type Session, Sessions } from './sessions.js';

type Request = Omit<ActionRequest, 'action'>;

/** The sessions of one user, for that user and for staff who may see and end them. */
@Injectable()
export class UserSessions {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
  ) {}

  /** Last used first. @throws Forbidden, UserNotFound */
  async list({ id, caller }: Omit<Request, 'context'>): Promise<{ sessions: Session[]; mayEnd: boolean }> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'sessions', caller });
    const sessions = await this.transactions.run((tx) => this.sessions.list(tx, id));
    return { sessions, mayEnd: allows(actor, 'endSessions', user) };
  }

  /** @throws Forbidden, UserNotFound, SessionNotFound */
  async end(request: Request, sessionId: string): Promise<void> {
    const reason = reasonFor(request, 'signed-out-elsewhere');
    await this.actions.perform({ ...request, action: 'endSessions' }, decideNothing, async (tx) => {
      const isOne = isUuid(sessionId) && (await this.sessions.end(tx, request.id, sessionId, reason, request.context));
      if (!isOne) throw new SessionNotFound();
    });
  }

  /** Ends all of them, including the caller's own. @throws Forbidden, UserNotFound */
  async endAll(request: Request): Promise<void> {
    await this.endAllBut(undefined, request);
  }

  /** Ends all but the caller's own. @throws Forbidden, UserNotFound */
  async endOthers(request: Request): Promise<void> {
    await this.endAllBut(request.caller.sessionId, request);
  }

  private async endAllBut(sessionId: string | undefined, request: Request): Promise<void> {
    const reason = reasonFor(request, 'signed-out-everywhere');
    await this.actions.perform({ ...request, action: 'endSessions' }, decideNothing, async (tx) => {
      await this.sessions.endAll(tx, request.id, reason, sessionId, request.context);
    });
  }
}

function reasonFor({ id, caller }: Request, own: EndReason): EndReason {
  return caller.userId === id ? own : 'ended-by-staff';
}
