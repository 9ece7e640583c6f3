import { Injectable } from '@nestjs/common';
import { FactorChanges, type FactorRequest } from '../second-factors/factor-changes.js';
import { NoSecondFactor } from '../second-factors/second-factor-errors.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { RecoveryCodes } from './recovery-codes.js';

/** New recovery codes on request, for a user with a second factor. */
@Injectable()
export class NewRecoveryCodes {
  constructor(
    private readonly changes: FactorChanges,
    private readonly factors: SecondFactors,
    private readonly codes: RecoveryCodes,
  ) {}

  /** Earlier ones stop working. @throws Forbidden, UserNotFound, NoSecondFactor, PreconditionFailed; RefusedByHandler */
  async replace(request: FactorRequest): Promise<string[]> {
    return this.changes.add(request, { kind: 'recovery-codes', label: null }, async (tx) => {
      if (!(await this.factors.hasOne(tx, request.id))) throw new NoSecondFactor();
      return this.codes.replace(tx, request.id);
    });
  }
}
