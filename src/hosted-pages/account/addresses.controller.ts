import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ContactConfirmationService } from '../../auth/contact-confirmation/contact-confirmation.service.js';
import { EmailChangeLinks } from '../../auth/email-change/email-change-links.js';
import { ChangeEmailDto } from '../../auth/email-change/email-change.dto.js';
import { SignInMethods } from '../../auth/sign-in-methods/sign-in-methods.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import type { PageValues } from '../../http/pages/page-values.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { addContact, removeContact } from '../../users/aggregate/decide-contacts.js';
import { ContactNotFound } from '../../users/aggregate/user-errors.js';
import { UserActions } from '../../users/api/user-actions.js';
import { ContactId } from '../../users/contacts/contact-id.js';
import { ContactList, type ContactResponse, NewContactDto } from '../../users/contacts/contacts.dto.js';
import { type AccountFrame, at } from './account-frame.js';
import { Drafts } from './drafts.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-addresses': AccountFrame & {
      email: string | null;
      emailVerified: boolean;
      /** Whether there is a password to prove who asks. */
      changePossible: boolean;
      contacts: readonly { id: string; value: string; label: string | null; waiting: boolean }[];
      mayAdd: boolean;
      /** In the form for another address to sign in with, and in the one for a new contact. */
      entered: { newEmail: string | null; isPhone: boolean; value: string | null; label: string | null };
    };
  }
}

/** More than the API takes, so that a text that is too long comes back with its form. */
const LONG = 1000;

class EmailForm {
  @FormField(LONG) readonly newEmail?: string;
  @FormField(1024) readonly currentPassword?: string;
}

class ContactForm {
  @FormField(10) readonly kind?: string;
  @FormField(LONG) readonly value?: string;
  @FormField(LONG) readonly label?: string;
}

const PATH = '/account/addresses';

type Entered = PageValues['account-addresses']['entered'];
const NOTHING: Entered = { newEmail: null, isPhone: false, value: null, label: null };

/** The address to sign in with, and further addresses and phone numbers. */
@Controller('account')
export class AddressesController {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly methods: SignInMethods,
    private readonly emailChanges: EmailChangeLinks,
    private readonly confirmations: ContactConfirmationService,
    private readonly drafts: Drafts,
  ) {}

  @Get('addresses')
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const { values, locale } = await this.read(caller);
    const newEmail = this.drafts.take(reply, caller, 'newEmail') ?? null;
    return this.pages.show(reply, 'account-addresses', { ...values, entered: { ...NOTHING, newEmail } }, locale);
  }

  @Post('email')
  @HostedPage('AUTHENTICATED')
  @Limit('contact-mail')
  async changeEmail(
    @Body() form: EmailForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.drafts.beforeDetour(reply, caller, { newEmail: form.newEmail ?? '' }, { passwordInBody: true });
    try {
      const input = await validated(ChangeEmailDto, form);
      await this.emailChanges.request({ id: caller.userId, caller, context }, input);
    } catch (error) {
      return this.refuse(reply, caller, { newEmail: form.newEmail ?? null }, error);
    }
    return this.pages.redirect(reply, PATH, 'email-change-requested');
  }

  @Post('contacts')
  @HostedPage('AUTHENTICATED')
  @Limit('contact-mail')
  async add(
    @Body() { kind, value = '', label = '' }: ContactForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      const input = await validated(NewContactDto, { kind, value: value.trim(), label: label || null });
      const contact = { id: uuidv7(), kind: input.kind, value: input.value, label: input.label ?? null };
      const act = { id: caller.userId, action: 'addContact', caller, context } as const;
      await this.actions.perform(act, (state) => addContact(state, contact));
    } catch (error) {
      return this.refuse(reply, caller, { isPhone: kind === 'phone', value, label }, error);
    }
    return this.pages.redirect(reply, PATH, kind === 'phone' ? 'phone-added' : 'contact-added');
  }

  @Post('contacts/:contactId/resend')
  @HostedPage('AUTHENTICATED')
  @Limit('contact-mail')
  async resend(
    @ContactId() contactId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      await this.confirmations.resend({ id: caller.userId, caller, context }, contactId);
    } catch (error) {
      return this.refuse(reply, caller, {}, error);
    }
    return this.pages.redirect(reply, PATH, 'mail-sent');
  }

  @Post('contacts/:contactId/remove')
  @HostedPage('AUTHENTICATED')
  async remove(
    @Param('contactId') contactId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const act = { id: caller.userId, action: 'removeContact', caller, context } as const;
    try {
      await this.actions.perform(act, (state) => removeContact(state, contactId));
    } catch (error) {
      // The form was sent twice, or another window was faster: it is gone, as was wanted.
      if (!(error instanceof ContactNotFound)) return this.refuse(reply, caller, {}, error);
    }
    return this.pages.redirect(reply, PATH, 'contact-removed');
  }

  private async refuse(
    reply: FastifyReply,
    caller: Caller,
    entered: Partial<Entered>,
    error: unknown,
  ): Promise<string> {
    const { values, locale } = await this.read(caller);
    const shown = { ...values, entered: { ...NOTHING, ...entered } };
    return this.pages.refuse(reply, 'account-addresses', shown, error, locale);
  }

  private async read(caller: Caller) {
    const id = caller.userId;
    const { user, actor } = await this.actions.findAllowed({ id, action: 'contacts', caller });
    const { items, _links } = ContactList.from(user, actor);
    const { held } = await this.methods.listFor({ id, caller });
    const values = {
      ...at('addresses'),
      email: user.email,
      emailVerified: user.emailVerified,
      changePossible: held.some(({ method }) => method.id === 'password'),
      contacts: items.map((contact) => ({
        id: contact.id,
        value: contact.value,
        label: contact.label,
        waiting: isWaiting(contact),
      })),
      mayAdd: 'addContact' in _links,
    };
    return { values, locale: user.locale };
  }
}

/** Whether the API offers to send its link once more. */
export function isWaiting({ _links }: ContactResponse): boolean {
  return 'resendConfirmation' in _links;
}
