import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isHostedPage } from '../../http/pages/hosted-page.js';
import { wantedLanguages } from '../../rendering/languages.js';
import { OpenIdProvider } from '../provider/provider.js';
import { formTargetsOf } from './shown-request.js';

const INTERACTION = /^\/oauth2\/interaction\/([A-Za-z0-9_-]{10,64})$/;

/**
 * The pages that somebody passes on the way to an application, such as the one to sign in, end with a redirect to it, and browsers apply
 * the policy of a page to the redirects after its forms: they get the application's origin, each of them for this one request. They
 * are in the language that the application wants.
 */
@Injectable()
export class FormPolicies implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly provider: OpenIdProvider,
  ) {}

  onModuleInit(): void {
    // There is none without a server, as in a script.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    adapter?.getInstance<FastifyInstance>().addHook('preHandler', async (request) => {
      const uid = isHostedPage(request) ? interactionOf(request) : undefined;
      if (uid === undefined) return;
      const interaction = await (await this.provider.current()).Interaction.find(uid);
      if (!interaction) return;
      request.formTargets = formTargetsOf(interaction.params['redirect_uri']);
      request.wantedLanguages = wantedLanguages(interaction.params['ui_locales']);
    });
  }
}

/** The interaction that a page leads on to. */
function interactionOf({ query, body }: FastifyRequest): string | undefined {
  const target = continueIn(query) ?? continueIn(body);
  return target === undefined ? undefined : INTERACTION.exec(target)?.[1];
}

function continueIn(input: unknown): string | undefined {
  const value = (input as { continue?: unknown } | null | undefined)?.continue;
  return typeof value === 'string' ? value : undefined;
}
