import { Body, Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import type { Profile } from '../../events/catalogue.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { type AccountFrame, at } from './account-frame.js';
import { Drafts } from './drafts.js';
import { type Entered, ProfileConflict, ProfileEdits } from './profile-edits.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-profile': AccountFrame & {
      /** The version that the form shows. */
      version: number;
      form: Entered;
      /** What is saved now, where another window changed it since and what was entered differs. */
      saved: Readonly<Partial<Record<keyof Profile, { value: string | null }>>>;
      username: string | null;
      entered: { newUsername: string | null };
    };
  }
}

/** More than the API takes, so that a text that is too long comes back with its form. */
const LONG = 8000;

class ProfileForm implements Readonly<Partial<Record<keyof Profile | 'version', string>>> {
  @FormField(20) readonly version?: string;
  @FormField(LONG) readonly firstName?: string;
  @FormField(LONG) readonly lastName?: string;
  @FormField(LONG) readonly nickname?: string;
  @FormField(LONG) readonly bio?: string;
  @FormField(LONG) readonly pictureUrl?: string;
  @FormField(LONG) readonly locale?: string;
  @FormField(LONG) readonly phone?: string;
  @FormField(LONG) readonly githubUrl?: string;
  @FormField(LONG) readonly linkedinUrl?: string;
}

class UsernameForm {
  @FormField(LONG) readonly newUsername?: string;
}

const PATH = '/account/profile';

/** What people say about themselves, and their username. */
@Controller('account')
export class ProfileController {
  constructor(
    private readonly pages: HostedPages,
    private readonly edits: ProfileEdits,
    private readonly drafts: Drafts,
  ) {}

  @Get('profile')
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const me = await this.edits.read(caller);
    const newUsername = this.drafts.take(reply, caller, 'newUsername') ?? me.username;
    return this.pages.show(reply, 'account-profile', { ...valuesOf(me), entered: { newUsername } }, me.locale);
  }

  @Post('profile')
  @HostedPage('AUTHENTICATED')
  async save(
    @Body() { version, ...given }: ProfileForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const form = this.edits.entered(given);
    try {
      await this.edits.save(form, Number(version), caller, context);
    } catch (error) {
      const me = await this.edits.read(caller);
      const saved = error instanceof ProfileConflict ? error.saved : {};
      // After a conflict, saving again is knowing what the other window has saved.
      const seen = error instanceof ProfileConflict ? me.version : Number(version) || me.version;
      const values = { ...valuesOf(me), form, saved, version: seen };
      return this.pages.refuse(reply, 'account-profile', values, error, me.locale);
    }
    return this.pages.redirect(reply, PATH, 'profile-saved');
  }

  @Post('username')
  @HostedPage('AUTHENTICATED')
  async changeUsername(
    @Body() { newUsername = '' }: UsernameForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.drafts.beforeDetour(reply, caller, { newUsername });
    try {
      await this.edits.changeUsername(newUsername, caller, context);
    } catch (error) {
      const me = await this.edits.read(caller);
      return this.pages.refuse(
        reply,
        'account-profile',
        { ...valuesOf(me), entered: { newUsername } },
        error,
        me.locale,
      );
    }
    return this.pages.redirect(reply, PATH, 'username-changed');
  }
}

function valuesOf(me: UserResponse) {
  const { version, username } = me;
  return { ...at('profile'), version, form: me, saved: {}, username, entered: { newUsername: username } };
}
