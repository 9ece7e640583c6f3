import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccountPagesModule } from './account/account-pages.module.js';
import { OwnFormsGuard } from './own-forms.guard.js';
import { SignInPagesModule } from './sign-in/sign-in-pages.module.js';
import { SignUpPagesModule } from './sign-up/sign-up-pages.module.js';

/** The table of contents: the pages for people, from sign-in to their account. Not there with `HOSTED_PAGES=false`. */
@Module({
  imports: [SignInPagesModule, SignUpPagesModule, AccountPagesModule],
  providers: [{ provide: APP_GUARD, useClass: OwnFormsGuard }],
})
export class HostedPagesModule {}
