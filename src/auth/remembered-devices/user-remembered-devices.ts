import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { allows } from '../../access/policy.js';
import { Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { type RememberedDevice, RememberedDevices } from './remembered-devices.js';

type Request = Omit<ActionRequest, 'action'>;

export class NoSuchDevice extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such remembered device.');
  }
}

/** The remembered devices of one user, for that user and for staff. */
@Injectable()
export class UserRememberedDevices {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly devices: RememberedDevices,
  ) {}

  /** Last used first. @throws Forbidden, UserNotFound */
  async list({ id, caller }: Omit<Request, 'context'>): Promise<{ devices: RememberedDevice[]; mayForget: boolean }> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'rememberedDevices', caller });
    const devices = await this.transactions.run((tx) => this.devices.list(tx, id));
    return { devices, mayForget: allows(actor, 'forgetDevices', user) };
  }

  /** @throws Forbidden, UserNotFound, PreconditionFailed, NoSuchDevice */
  async forget(request: Request, deviceId: string): Promise<void> {
    await this.actions.perform({ ...request, action: 'forgetDevices' }, decideNothing, async (tx) => {
      if (!isUuid(deviceId) || !(await this.devices.forget(tx, request.id, deviceId))) throw new NoSuchDevice();
    });
  }

  /** @throws Forbidden, UserNotFound, PreconditionFailed */
  async forgetAll(request: Request): Promise<void> {
    await this.actions.perform({ ...request, action: 'forgetDevices' }, decideNothing, (tx) =>
      this.devices.forgetAll(tx, request.id),
    );
  }
}
