import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { RememberedDevices } from './remembered-devices.js';

/** Remembered devices in exports and erasures. */
@Injectable()
export class RememberedDevicesPersonalData implements OnModuleInit {
  constructor(
    private readonly registry: PersonalDataRegistry,
    private readonly devices: RememberedDevices,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'rememberedDevices',
      tables: ['remembered_devices'],
      export: async (tx, userId) => (await this.devices.list(tx, userId)).map(({ id: _, ...device }) => device),
      erase: (tx, { id }) => this.devices.forgetAll(tx, id),
    });
  }
}
