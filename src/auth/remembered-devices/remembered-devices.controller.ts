import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { describeDevice } from '../../rendering/device.js';
import { ApiItemLinks, type ItemLinks, removalLink } from '../../users/api/item-links.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { MAX_REMEMBERED } from './remembered-devices.js';
import { UserRememberedDevices } from './user-remembered-devices.js';

const time = { format: 'date-time' } as const;

class RememberedDeviceResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' }) readonly id: string;
  @ApiProperty({ type: String, nullable: true, example: 'Firefox on Linux', description: 'as far as it is known' })
  readonly device: string | null;
  @ApiProperty({ type: String, nullable: true, example: '203.0.113.5', description: 'IP address of the last sign-in' })
  readonly ip: string | null;
  @ApiProperty(time) readonly createdAt: string;
  @ApiProperty({ ...time, description: 'the last sign-in without a second factor' }) readonly lastUsedAt: string;
  @ApiProperty({ ...time, description: 'when it will be asked for a second factor again' }) readonly expiresAt: string;
  @ApiItemLinks(
    'forget',
    '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/remembered-devices/019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00',
  )
  readonly _links: ItemLinks;
}

class RememberedDeviceList {
  @ApiProperty({ type: [RememberedDeviceResponse], maxItems: MAX_REMEMBERED })
  readonly items: RememberedDeviceResponse[];
}

/** Devices that are not asked for a second factor, for callers who may see and forget them. */
@ApiTags('Users')
@Controller('users/:id/remembered-devices')
export class RememberedDevicesController {
  constructor(private readonly devices: UserRememberedDevices) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listRememberedDevices',
    summary: 'List the remembered devices of a user',
    description:
      'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN. They are not asked for a second factor until they expire.',
  })
  @ApiOkResponse({ type: RememberedDeviceList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() userId: string, @CurrentCaller() caller: Caller): Promise<RememberedDeviceList> {
    const { devices, mayForget } = await this.devices.list({ id: userId, caller });
    return {
      items: devices.map(({ id, ip, userAgent, createdAt, lastUsedAt, expiresAt }) => ({
        ...{ id, ip, device: describeDevice(userAgent) },
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
        _links: removalLink('forget', mayForget, `/users/${userId}/remembered-devices/${id}`),
      })),
    };
  }

  @Delete()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'forgetRememberedDevices',
    summary: 'Forget all remembered devices of a user',
    description:
      'Each asks for a second factor at its next sign-in. Sessions continue. Same permissions as for the list.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found')
  async forgetAll(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.devices.forgetAll({ id, caller, context, ifMatch });
  }

  @Delete(':deviceId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiParam({ name: 'deviceId', schema: { type: 'string', format: 'uuid' } })
  @ApiOperation({
    operationId: 'forgetRememberedDevice',
    summary: 'Forget a remembered device of a user',
    description: 'It asks for a second factor at its next sign-in. Same permissions as for the list.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found')
  async forget(
    @UserId() id: string,
    @Param('deviceId') deviceId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.devices.forget({ id, caller, context, ifMatch }, deviceId);
  }
}
