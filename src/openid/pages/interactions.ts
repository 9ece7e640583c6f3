import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InteractionInstance } from 'oidc-provider';
import { cookiesNamed } from '../../http/request/cookies.js';
import { DomainError } from '../../problems/domain-error.js';
import { OpenIdProvider } from '../provider/provider.js';
import { INTERACTION_COOKIE } from '../provider/configuration.js';

/** The request of an application has expired, was answered, or began in another browser. */
export class RequestOver extends DomainError {
  readonly code = 'application-request-over';
  constructor() {
    super(
      'This request of an application is over, or began in another browser. Go back to the application and sign in from there.',
    );
  }
}

/** What a person is asked on the way back to an application. */
@Injectable()
export class Interactions {
  constructor(private readonly provider: OpenIdProvider) {}

  /** @throws RequestOver unless it began in this browser and waits for an answer */
  async find(request: FastifyRequest, uid: string): Promise<InteractionInstance> {
    const cookies = cookiesNamed(request.headers.cookie ?? '', INTERACTION_COOKIE);
    // Several applications may ask at once, each in a tab of its own; a cookie is for one of them, by its path.
    if (!cookies.includes(uid)) throw new RequestOver();
    return this.waiting(uid);
  }

  /** The same in any browser, for what gives nothing away. @throws RequestOver */
  async waiting(uid: string): Promise<InteractionInstance> {
    const interaction = await (await this.provider.current()).Interaction.find(uid);
    if (!interaction) throw new RequestOver();
    return interaction;
  }

  /**
   * Answers it, together with what was answered before.
   * @returns where the browser goes on
   */
  async answer(interaction: InteractionInstance, result: object): Promise<string> {
    interaction.result = { ...interaction.lastSubmission, ...result };
    // Somebody may have signed in anew since; whose session it is now is looked at when the browser arrives.
    interaction.session = undefined;
    await interaction.save(Math.max(1, interaction.exp - Math.floor(Date.now() / 1000)));
    const { pathname, search } = new URL(interaction.returnTo);
    return pathname + search;
  }
}

export const uidOf = ({ params }: FastifyReply['request']): string => (params as { uid: string }).uid;
