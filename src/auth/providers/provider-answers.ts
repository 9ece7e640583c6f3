import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { withContinue } from '../../http/pages/continue-targets.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SecondFactorSetupRequired } from '../second-factors/second-factor-errors.js';
import { StepCookies } from '../second-factors/step-cookies.js';
import { RegistrationCookies } from '../verification/registration-cookies.js';
import type { Flow } from './provider-flows.js';
import type { Finished } from './provider-sign-ins.js';

/** Where a browser goes on that came back from a provider: to a hosted page, or to the page that it left for. */
@Injectable()
export class ProviderAnswers {
  private readonly isHosted: boolean;
  /** Where there are no hosted pages, and the flow names none. */
  private readonly ownPage: string;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly pages: HostedPages,
    private readonly devices: DeviceCookies,
    private readonly steps: StepCookies,
    private readonly registrations: RegistrationCookies,
  ) {
    this.isHosted = settings.HOSTED_PAGES;
    this.ownPage = settings.LINK_URLS?.['sign-in'] ?? '/';
  }

  /** 303 in every case. @param provider its id */
  answer(reply: FastifyReply, provider: string, finished: Finished): string {
    const { flow, kind } = finished;
    if (flow && flow.codeChallenge !== null) return this.toApplication(reply, flow, finished);
    const continueTo = flow?.continueTo ?? null;
    if (kind === 'signed-in') {
      const { user, deviceToken } = finished.signedIn;
      this.devices.remember(reply.request, reply, user.id, deviceToken);
      const next = this.isHosted ? withContinue('/sign-in/complete', continueTo) : (continueTo ?? this.ownPage);
      return this.pages.redirect(reply, next);
    }
    if (!this.isHosted) return this.toOwnPage(reply, provider, finished);
    if (kind === 'linked') return this.pages.redirect(reply, continueTo ?? '/account/security', 'identity-linked');
    if (kind === 'second-step') {
      this.steps.set(reply, finished.step.continueWith);
      const page = finished.step instanceof SecondFactorSetupRequired ? '/sign-in/set-up' : '/sign-in/second-factor';
      const kept = finished.flow.keepSignedIn ? { keepSignedIn: 'yes' } : {};
      return this.pages.redirect(reply, withContinue(page, continueTo, kept));
    }
    if (kind === 'confirm') {
      this.registrations.set(reply, { userId: finished.userId, continueTo });
      return this.pages.redirect(reply, '/sign-up/sent', 'address-to-confirm');
    }
    return this.toProblemPage(reply, provider, flow, problemOf(finished));
  }

  /** A sign-in that could not even begin. */
  toProblemPage(reply: FastifyReply, provider: string, flow: Flow | undefined, problem: string): string {
    if (!this.isHosted)
      return this.pages.redirect(reply, withFragment(flow?.continueTo ?? this.ownPage, { provider, error: problem }));
    const page = flow?.purpose === 'link' ? '/account/security' : '/sign-in';
    return this.pages.redirect(reply, withContinue(page, flow?.continueTo ?? null, { provider, problem }));
  }

  /** The application gets its code, or the reason, in the query, as from any authorization server (RFC 6749, 4.1.2). */
  private toApplication(reply: FastifyReply, { continueTo }: Flow, finished: Finished): string {
    const given: Record<string, string> =
      finished.kind === 'handover' ? { code: finished.code } : { error: problemOf(finished) };
    const url = new URL(continueTo ?? this.ownPage, 'http://path.invalid');
    for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
    return this.pages.redirect(reply, url.host === 'path.invalid' ? url.pathname + url.search : url.href);
  }

  /** In the fragment, which is sent to no server. */
  private toOwnPage(reply: FastifyReply, provider: string, finished: Finished): string {
    const page = finished.flow?.continueTo ?? this.ownPage;
    if (finished.kind === 'linked') return this.pages.redirect(reply, page);
    const given: Record<string, string> = { provider, error: problemOf(finished) };
    if (finished.kind === 'second-step') given['token'] = finished.step.continueWith.token;
    return this.pages.redirect(reply, withFragment(page, given));
  }
}

function problemOf(finished: Finished): string {
  if (finished.kind === 'problem') return finished.problem;
  if (finished.kind === 'second-step') return finished.step.code;
  return finished.kind === 'confirm' ? 'confirm-address' : finished.kind;
}

function withFragment(page: string, values: Readonly<Record<string, string>>): string {
  return `${page.split('#', 1)[0]}#${new URLSearchParams(values).toString()}`;
}
