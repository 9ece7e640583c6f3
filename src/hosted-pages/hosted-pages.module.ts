import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { OwnFormsGuard } from './own-forms.guard.js';

/** The table of contents: the pages for people, from sign-in to their account. Not there with `HOSTED_PAGES=false`. */
@Module({
  imports: [],
  providers: [{ provide: APP_GUARD, useClass: OwnFormsGuard }],
})
export class HostedPagesModule {}
