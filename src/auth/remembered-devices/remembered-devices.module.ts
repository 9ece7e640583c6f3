import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { RememberedDevicesPersonalData } from './remembered-devices-personal-data.js';
import { RememberedDevicesController } from './remembered-devices.controller.js';
import { RememberedDevices } from './remembered-devices.js';
import { UserRememberedDevices } from './user-remembered-devices.js';

@Module({
  imports: [EventsModule, JobsModule, UsersModule, EvidenceModule],
  controllers: [RememberedDevicesController],
  providers: [RememberedDevices, UserRememberedDevices, RememberedDevicesPersonalData],
  exports: [RememberedDevices, UserRememberedDevices],
})
export class RememberedDevicesModule {}
