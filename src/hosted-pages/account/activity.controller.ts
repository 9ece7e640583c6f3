import { Controller, Get, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { SignIns } from '../../auth/sign-in-evidence/sign-ins.js';
import type { SignInItem } from '../../auth/sign-in-evidence/sign-ins.dto.js';
import { camelCase } from '../../http/pages/form-state.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { PageQuery } from '../../http/pagination/page.dto.js';
import { pageLinks, type PageRead } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import type { MailItem } from '../../mail/api/mails.dto.js';
import { Mails } from '../../mail/api/mails.js';
import { UserActions } from '../../users/api/user-actions.js';
import { type AccountFrame, at, below } from './account-frame.js';

type Key = Readonly<Record<string, true>>;

interface Neighbours {
  readonly pages: { any: boolean; newer: string | null; older: string | null };
}

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-activity': AccountFrame &
      Neighbours & {
        /** Newest first; `what`, `method` and `reason` are keys for translated templates. */
        signIns: readonly {
          what: Key;
          method: Key;
          reason: Key;
          type: string;
          times: number;
          many: boolean;
          origin: string | null;
          at: Date;
        }[];
      };
    'account-mails': AccountFrame &
      Neighbours & {
        /** Newest first; `what` is the template, as a key for translated templates. */
        mails: readonly { what: Key; template: string; state: Key; recipient: string; at: Date }[];
      };
  }
}

/** What happened around one's sign-ins, and which mails were sent. */
@Controller('account')
export class ActivityController {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly signIns: SignIns,
    private readonly mails: Mails,
  ) {}

  @Get('activity')
  @HostedPage('AUTHENTICATED')
  async showSignIns(
    @Query() query: PageQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { locale } = await this.actions.read(caller.userId, caller);
    const page = await this.signIns.page(caller.userId, caller, query);
    const values = { ...at('activity'), signIns: page.items.map(shownSignIn), ...neighbours(reply, page) };
    return this.pages.show(reply, 'account-activity', values, locale);
  }

  @Get('mails')
  @HostedPage('AUTHENTICATED')
  async showMails(
    @Query() query: PageQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { locale } = await this.actions.read(caller.userId, caller);
    const page = await this.mails.page(caller.userId, caller, query);
    const values = { ...below('activity'), mails: page.items.map(shownMail), ...neighbours(reply, page) };
    return this.pages.show(reply, 'account-mails', values, locale);
  }
}

function shownSignIn({ type, method, reason, times, device, ip, lastAt }: SignInItem) {
  return {
    what: keyOf(type.replace(/[._]/g, '-')),
    method: keyOf(method),
    reason: keyOf(reason),
    type,
    times,
    many: times > 1,
    origin: [device && withoutWords(device), ip].filter((part) => part !== null).join(', ') || null,
    at: new Date(lastAt),
  };
}

function shownMail({ template, state, recipient, createdAt, sentAt }: MailItem) {
  return { what: keyOf(template), template, state: keyOf(state), recipient, at: new Date(sentAt ?? createdAt) };
}

/** "Firefox (Linux)" for "Firefox on Linux": pages are in many languages. */
function withoutWords(device: string): string {
  return device.replace(/ on (.+)$/, ' ($1)');
}

function keyOf(code: string | null): Key {
  return code === null ? {} : { [camelCase(code)]: true };
}

function neighbours(reply: FastifyReply, page: PageRead<unknown>): Neighbours {
  const { prev, next } = pageLinks(reply.request.url, page);
  return { pages: { any: (prev ?? next) !== undefined, newer: prev?.href ?? null, older: next?.href ?? null } };
}
