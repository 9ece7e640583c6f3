import { Injectable } from '@nestjs/common';
import { Forbidden } from '../../access/access-errors.js';
import type { Caller, RequestContext } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { USER_ROLES } from '../../access/role.js';
import { StepUpCheck } from '../../access/step-up.js';
import { Transactions } from '../../database/transaction.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { rankOf } from '../api/user-actions.js';
import { BulkActs } from './bulk-acts.js';
import { BulkActNotFound } from './bulk-errors.js';
import { BulkRunner } from './bulk-runner.js';
import { type BulkActDto, BulkActResponse } from './bulk.dto.js';

/** Bulk acts on behalf of managers and admins. */
@Injectable()
export class BulkService {
  constructor(
    private readonly transactions: Transactions,
    private readonly acts: BulkActs,
    private readonly runner: BulkRunner,
    private readonly stepUps: StepUpCheck,
  ) {}

  /**
   * Accepts the act, which is then done as a job.
   * @throws Forbidden if the caller may take the action on nobody; StepUpRequired where the single act would ask for one;
   *   ValidationFailed for a value that does not belong to the action
   */
  async begin(input: BulkActDto, caller: Caller, context: RequestContext): Promise<BulkActResponse> {
    const { action, ids, role, reason } = input;
    if (!USER_ROLES.some((of) => allows(rankOf(caller), action, { id: '', role: of }))) throw new Forbidden();
    refuseForeign(input);
    if (action === 'role') await this.stepUps.require(caller, { passwordInBody: false });
    return this.transactions.run(async (tx) => {
      const { userId: makerId, sessionId } = caller;
      const asked = {
        makerId,
        sessionId,
        traceId: context.traceId,
        action,
        role: role ?? null,
        reason: reason ?? null,
      };
      const id = await this.acts.add(tx, asked, ids);
      await this.runner.enqueue(tx, id);
      const act = await this.acts.find(tx, id);
      if (!act) throw new Error('The act that was just added is gone');
      return BulkActResponse.from(act, await this.acts.progress(tx, id));
    });
  }

  /** @throws BulkActNotFound, also for the act of somebody else, unless the caller is an ADMIN */
  async read(id: string, caller: Caller): Promise<BulkActResponse> {
    return this.transactions.run(async (tx) => {
      const act = await this.acts.find(tx, id);
      if (!act || (act.makerId !== caller.userId && caller.role !== 'ADMIN')) throw new BulkActNotFound();
      return BulkActResponse.from(act, await this.acts.progress(tx, id));
    });
  }
}

/** What means nothing with the action is refused rather than ignored. */
function refuseForeign({ action, role, reason }: BulkActDto): void {
  const foreign = [
    ...(role !== undefined && action !== 'role' ? ['role'] : []),
    ...(reason != null && action !== 'suspend' ? ['reason'] : []),
  ];
  const errors = foreign.map((path) => ({ path, message: `does not belong to the action ${action}` }));
  if (errors.length > 0) throw new ValidationFailed(errors);
}
