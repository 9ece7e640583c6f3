import { Injectable } from '@nestjs/common';
import type { InteractionInstance } from 'oidc-provider';
import { levelOf } from '../../auth/sessions/assurance.js';
import { Clock } from '../../config/clock.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import type { Visit } from '../provider/visits.js';

/** Reasons that a proof satisfies which is later than the request. */
const ANEW: readonly string[] = ['login_prompt', 'max_age', 'essential_acr', 'essential_acrs', 'acr_values'];
/** Reasons that another account satisfies. */
const OTHER: readonly string[] = ['id_token_hint', 'claims_id_token_sub_value'];

export const interactionPath = (uid: string): string => `/oauth2/interaction/${encodeURIComponent(uid)}`;

/** Whether an application wants somebody to sign in, or to do so again. */
@Injectable()
export class SignInDemand {
  constructor(
    private readonly hosted: HostedPages,
    private readonly clock: Clock,
  ) {}

  /** Where somebody has to go first, to come back afterwards; undefined where nothing is lacking. */
  missing(interaction: InteractionInstance, signedIn: Visit['signedIn']): string | undefined {
    const { prompt, params, uid } = interaction;
    const here = interactionPath(uid);
    const hint = typeof params['login_hint'] === 'string' ? { identifier: params['login_hint'] } : {};
    if (!signedIn) return this.hosted.signInUrl(here, hint);
    if (prompt.name !== 'login' || this.isLater(signedIn, interaction) || this.isOther(interaction, signedIn)) {
      return undefined;
    }
    if (prompt.reasons.some((reason) => OTHER.includes(reason))) {
      return this.hosted.signInUrl(here, { another: 'yes', ...hint });
    }
    if (!prompt.reasons.some((reason) => ANEW.includes(reason))) return undefined;
    const isLevel = prompt.reasons.every((reason) => reason.includes('acr'));
    // Reached meanwhile, in another tab.
    if (isLevel && levelOf(signedIn.assurance.amr) === 'aal2') return undefined;
    // Not a new sign-in: that would end the session, and with it what other applications have of it.
    return this.hosted.confirmUrl(here);
  }

  /**
   * Whether somebody has proved who they are since the application asked, which is a whole second of the clock of this machine; the
   * database's says when the proof was.
   */
  private isLater({ assurance }: NonNullable<Visit['signedIn']>, { iat }: InteractionInstance): boolean {
    const now = this.clock.now().getTime();
    const aheadMs = Date.now() - now;
    return assurance.authenticatedAt.getTime() >= iat * 1000 - aheadMs;
  }

  /** Somebody else has signed in since, which is a proof as well. */
  private isOther({ session }: InteractionInstance, { caller }: NonNullable<Visit['signedIn']>): boolean {
    return session !== undefined && session.accountId !== caller.userId;
  }
}
