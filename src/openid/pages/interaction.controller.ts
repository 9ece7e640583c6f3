import { Body, Controller, Get, Param, Post, Req } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InteractionInstance } from 'oidc-provider';
import { type Caller, contextOf, CurrentCaller } from '../../access/caller.js';
import { claimsOf } from '../../auth/sessions/assurance.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ProtocolRequests } from '../provider/protocol-requests.js';
import type { Visit } from '../provider/visits.js';
import { ConsentPage } from './consent-page.js';
import { Interactions, RequestOver } from './interactions.js';
import { interactionPath, SignInDemand } from './sign-in-demand.js';

class AnswerForm {
  @FormField(10) readonly answer?: string;
}

/** What a person is asked on the way from an application and back: to sign in, which account it is, and what the application may know. */
@Controller('oauth2/interaction')
export class InteractionController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly interactions: Interactions,
    private readonly requests: ProtocolRequests,
    private readonly demand: SignInDemand,
    private readonly consent: ConsentPage,
  ) {}

  @Get(':uid')
  @HostedPage('ANONYMOUS')
  async show(@Param('uid') uid: string, @Req() request: FastifyRequest, @Reply() reply: FastifyReply): Promise<string> {
    const interaction = await this.interactions.find(request, uid);
    const signedIn = await this.requests.signedIn(request);
    const missing = this.demand.missing(interaction, signedIn);
    if (missing !== undefined) return this.hosted.redirect(reply, missing);
    if (!signedIn) throw new RequestOver();
    switch (interaction.prompt.name) {
      case 'consent':
        // Somebody else has signed in since: what the application may have of them is asked of them.
        if (interaction.session?.accountId !== signedIn.caller.userId)
          return this.goOn(reply, interaction, signedIn, {});
        return this.consent.show(reply, interaction, signedIn.caller);
      case 'select_account':
        // A sign-in since then was a choice.
        if (interaction.session?.uid !== signedIn.caller.sessionId)
          return this.goOn(reply, interaction, signedIn, { select_account: {} });
        return this.consent.chooseAccount(reply, interaction, signedIn.caller);
      default:
        return this.goOn(reply, interaction, signedIn, {});
    }
  }

  @Post(':uid')
  @HostedPage('AUTHENTICATED')
  async answer(
    @Param('uid') uid: string,
    @Body() { answer }: AnswerForm,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const interaction = await this.interactions.find(request, uid);
    const { name } = interaction.prompt;
    if (answer !== 'yes') {
      const error = { error: 'access_denied', error_description: 'the person refused' };
      return this.hosted.redirect(reply, await this.interactions.answer(interaction, error));
    }
    if (name === 'select_account') {
      return this.hosted.redirect(reply, await this.interactions.answer(interaction, { select_account: {} }));
    }
    // Somebody else is signed in by now than the page was shown to.
    if (name !== 'consent' || interaction.session?.accountId !== caller.userId) {
      return this.hosted.redirect(reply, interactionPath(uid));
    }
    const grantId = await this.consent.allow(interaction, caller, contextOf(request));
    return this.hosted.redirect(reply, await this.interactions.answer(interaction, { consent: { grantId } }));
  }

  private async goOn(
    reply: FastifyReply,
    interaction: InteractionInstance,
    { caller, assurance }: NonNullable<Visit['signedIn']>,
    result: object,
  ): Promise<string> {
    const { acr, amr = [], auth_time: ts } = claimsOf(assurance);
    const login = { accountId: caller.userId, acr, amr, ts, remember: false };
    return this.hosted.redirect(reply, await this.interactions.answer(interaction, { login, ...result }));
  }
}
