import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { DeviceCodes } from './device-codes.js';
import { resourcesOf, type ShownAccount, ShownRequest, type Wants, wantsOf } from './shown-request.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'openid-device': { userCode: string; isWrong: boolean };
    'openid-device-confirm': ShownAccount & {
      clientName: string;
      userCode: string;
      wants: Wants;
      resources: readonly string[];
    };
    'openid-device-done': { isConnected: boolean; clientName: string };
  }
}

const CODE_LENGTH = 20;

class DeviceQuery {
  @FormField(CODE_LENGTH) readonly user_code?: string;
}

class DeviceForm {
  @FormField(CODE_LENGTH) readonly userCode?: string;
  @FormField(10) readonly answer?: string;
}

/** Connects a device without a browser of its own (RFC 8628): its code is entered, what it asks for is shown, and allowed or not. */
@Controller('oauth2/device')
export class DeviceController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly codes: DeviceCodes,
    private readonly shown: ShownRequest,
  ) {}

  /** Fills in a code that is in the address, and does not use it: the device may be somebody else's (RFC 8628, 5.4). */
  @Get()
  @HostedPage('AUTHENTICATED')
  show(@Query() query: DeviceQuery, @Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'openid-device', { userCode: query.user_code ?? '', isWrong: false });
  }

  @Post()
  @HostedPage('AUTHENTICATED')
  @Limit('device-code')
  async enter(
    @Body() form: DeviceForm,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const code = await this.codes.find(form.userCode);
    if (!code) return this.refuse(reply, form);
    const { account, client, locale } = await this.shown.of(code.params, caller);
    const values = {
      ...account,
      clientName: client.name,
      userCode: this.codes.shown(code),
      wants: wantsOf(code.params),
      resources: resourcesOf(code.params),
    };
    return this.hosted.show(reply, 'openid-device-confirm', values, locale);
  }

  @Post('confirm')
  @HostedPage('AUTHENTICATED')
  @Limit('device-code')
  async confirm(
    @Body() form: DeviceForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const code = await this.codes.find(form.userCode);
    if (!code) return this.refuse(reply, form);
    const { client, locale } = await this.shown.of(code.params, caller);
    const isConnected = form.answer === 'yes';
    if (isConnected) await this.codes.allow(code, caller, context);
    else await this.codes.refuse(code);
    return this.hosted.show(reply, 'openid-device-done', { isConnected, clientName: client.name }, locale);
  }

  private refuse(reply: FastifyReply, { userCode = '' }: DeviceForm): string {
    void reply.code(400);
    return this.hosted.show(reply, 'openid-device', { userCode, isWrong: true });
  }
}
