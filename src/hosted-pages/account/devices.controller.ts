import { Controller, Get, Param, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { NoSuchDevice, UserRememberedDevices } from '../../auth/remembered-devices/user-remembered-devices.js';
import { SessionNotFound } from '../../auth/sessions/session-not-found.js';
import { UserSessions } from '../../auth/sessions/user-sessions.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { describeOrigin } from '../../rendering/device.js';
import { UserActions } from '../../users/api/user-actions.js';
import { type AccountFrame, at } from './account-frame.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-devices': AccountFrame & {
      /** Last used first. */
      sessions: readonly {
        id: string;
        device: string | null;
        ip: string | null;
        createdAt: Date;
        lastUsedAt: Date;
        isCurrent: boolean;
      }[];
      /** Whether there are any but this one. */
      others: boolean;
      /** Those that skip the second factor. */
      remembered: readonly { id: string; device: string | null; ip: string | null; expiresAt: Date }[];
    };
  }
}

const PATH = '/account/devices';

/** Where one is signed in. */
@Controller('account/devices')
export class DevicesController {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly sessions: UserSessions,
    private readonly rememberedDevices: UserRememberedDevices,
  ) {}

  @Get()
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const me = await this.actions.read(caller.userId, caller);
    const { sessions } = await this.sessions.list({ id: caller.userId, caller });
    const shown = sessions.map((session) => {
      const { id, ip, created_at: createdAt, last_used_at: lastUsedAt } = session;
      const device = describeOrigin(session.user_agent, null);
      return { id, device, ip, createdAt, lastUsedAt, isCurrent: id === caller.sessionId };
    });
    const { devices } = await this.rememberedDevices.list({ id: caller.userId, caller });
    const remembered = devices.map(({ id, userAgent, ip, expiresAt }) => {
      return { id, device: describeOrigin(userAgent, null), ip, expiresAt };
    });
    const others = shown.some(({ isCurrent }) => !isCurrent);
    const values = { ...at('devices'), sessions: shown, others, remembered };
    return this.pages.show(reply, 'account-devices', values, me.locale);
  }

  @Post('sign-out-others')
  @HostedPage('AUTHENTICATED')
  async signOutOthers(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.sessions.endOthers({ id: caller.userId, caller, context });
    return this.pages.redirect(reply, PATH, 'devices-signed-out');
  }

  @Post(':sessionId/sign-out')
  @HostedPage('AUTHENTICATED')
  async signOut(
    @Param('sessionId') sessionId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.sessions.end({ id: caller.userId, caller, context }, sessionId).catch((error: unknown) => {
      // The form was sent twice, or the session ended meanwhile, as was wanted.
      if (!(error instanceof SessionNotFound)) throw error;
    });
    return this.pages.redirect(reply, PATH, 'device-signed-out');
  }

  @Post('remembered/:deviceId/forget')
  @HostedPage('AUTHENTICATED')
  async forget(
    @Param('deviceId') deviceId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const request = { id: caller.userId, caller, context };
    await this.rememberedDevices.forget(request, deviceId).catch((error: unknown) => {
      // Sent twice, or it has expired, as was wanted.
      if (!(error instanceof NoSuchDevice)) throw error;
    });
    return this.pages.redirect(reply, PATH, 'device-forgotten');
  }
}
