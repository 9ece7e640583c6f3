import { Controller, Get } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { plainName } from '../../users/aggregate/account-name.js';
import { UserActions } from '../../users/api/user-actions.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { ContactList } from '../../users/contacts/contacts.dto.js';
import { type AccountFrame, at } from './account-frame.js';
import { isWaiting } from './addresses.controller.js';
import { SecurityOverview } from './security-overview.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    account: AccountFrame & {
      name: string;
      email: string | null;
      emailVerified: boolean;
      username: string | null;
      /** Absent for an ordinary user. */
      role: { any?: true; admin?: true };
      joinedAt: Date;
      /** Unused recovery codes. */
      codesLeft: number;
      todo: {
        any: boolean;
        secondFactor: boolean;
        noCodes: boolean;
        fewCodes: boolean;
        /** Those that wait for their confirmation. */
        contacts: readonly { value: string }[];
      };
    };
  }
}

/** A mail warns about as many. */
const FEW_CODES = 3;

/** Where a signed-in person begins: who they are here, and what is worth doing. */
@Controller('account')
export class OverviewController {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly security: SecurityOverview,
  ) {}

  @Get()
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const me = await this.actions.read(caller.userId, caller);
    const { user, actor } = await this.actions.findAllowed({ id: caller.userId, action: 'contacts', caller });
    const waiting = ContactList.from(user, actor).items.filter(isWaiting);
    const { hasFactor, codesLeft } = await this.security.factorsOf(caller.userId);
    const due = {
      secondFactor: !hasFactor,
      noCodes: hasFactor && codesLeft === 0,
      fewCodes: hasFactor && codesLeft > 0 && codesLeft < FEW_CODES,
      contacts: waiting,
    };
    const values = {
      ...at('overview'),
      name: shownName(me),
      email: me.email,
      emailVerified: me.emailVerified,
      username: me.username,
      role: roleOf(me),
      joinedAt: new Date(me.createdAt),
      codesLeft,
      todo: { ...due, any: due.secondFactor || due.noCodes || due.fewCodes || waiting.length > 0 },
    };
    return this.pages.show(reply, 'account', values, me.locale);
  }
}

function shownName(me: UserResponse): string {
  return plainName(me) ?? me.username ?? me.email ?? '';
}

function roleOf({ role }: UserResponse): { any?: true; admin?: true } {
  if (role === 'AUTHENTICATED') return {};
  return role === 'ADMIN' ? { any: true, admin: true } : { any: true };
}
