import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf, type RequestContext } from '../../access/caller.js';
import type { PageName, PageValues } from '../../http/pages/page-values.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { Message } from '../../http/openapi/message.js';
import { DomainError } from '../../problems/domain-error.js';
import { type ProblemCode, PROBLEMS } from '../../problems/problem-catalogue.js';
import { describeOrigin } from '../../rendering/device.js';
import type { ProofLinkStateResponse, TokenStateResponse } from './one-time-token.dto.js';
import type { TokenDetails } from './token-rows.js';

/** A page whose form posts the token of a link. */
type FormName = { [Name in PageName]: PageValues[Name] extends WithToken ? Name : never }[PageName];

interface WithToken {
  readonly token: string;
}

/** What the mailed links of one purpose do. */
export interface LinkDescription<Link, State, Form extends FormName> {
  /** The link with the values of its page; does not use it. @throws TokenExpiredOrUsed */
  readonly find: (token: string, request: FastifyRequest) => Promise<Link>;
  /** The response to programs that accept JSON. */
  readonly state: (link: Link) => State;
  readonly page: Form;
  /** The values of its page. @param refused why the form is shown again: one of `shownAgainAfter` */
  readonly values: (
    link: Link & WithToken,
    refused: DomainError | undefined,
    request: FastifyRequest,
  ) => Omit<PageValues[Form], 'token'>;
  /** Errors after which a link stays valid: a browser gets the form again, with the reason. */
  readonly shownAgainAfter?: readonly ProblemCode[];
}

/** The response to the use of a link. */
export interface LinkAnswer<Used, Answer, Page extends PageName> {
  readonly json: (used: Used) => Answer;
  readonly page: Page;
  readonly values: (used: Used) => PageValues[Page] | Promise<PageValues[Page]>;
}

/** Creates the pages of mailed links, one per purpose. */
@Injectable()
export class LinkPages {
  constructor(private readonly pages: Pages) {}

  of<Link extends TokenDetails, State, Form extends FormName>(
    description: LinkDescription<Link, State, Form>,
  ): LinkPage<Link, State, Form> {
    return new LinkPage(this.pages, description);
  }

  /** The response to a request for a link; the same whether or not one is mailed. */
  requested(reply: FastifyReply, page: RequestedName, message: string): Message | string {
    return wantsPage(reply.request) ? this.pages.render(reply, page, {}) : { message };
  }
}

type RequestedName = 'resend-sent' | 'reset-requested' | 'magic-link-requested';

/**
 * A mailed link, for both browsers and programs: `show` describes it without using it, since mail scanners open links too; `use`
 * performs its purpose.
 */
export class LinkPage<Link extends TokenDetails, State, Form extends FormName> {
  constructor(
    private readonly pages: Pages,
    private readonly description: LinkDescription<Link, State, Form>,
  ) {}

  /** `GET`: the page with the form, or the state of the link. @throws TokenExpiredOrUsed */
  async show(reply: FastifyReply, token: string): Promise<State | string> {
    if (!wantsJson(reply.request)) return this.form(reply, token);
    return this.description.state(await this.description.find(token, reply.request));
  }

  /** `POST`: a page for a form, JSON for a program. @throws the errors of `use`, unless the form is shown again */
  async use<Used extends { readonly locale: string | null }, Answer, Page extends PageName>(
    reply: FastifyReply,
    token: string,
    use: (context: RequestContext) => Promise<Used>,
    answer: LinkAnswer<Used, Answer, Page>,
  ): Promise<Answer | string> {
    const context = contextOf(reply.request);
    if (!wantsPage(reply.request)) return answer.json(await use(context));
    try {
      const used = await use(context);
      return this.pages.render(reply.code(200), answer.page, await answer.values(used), used.locale);
    } catch (error) {
      const code = this.description.shownAgainAfter?.find((one) => error instanceof DomainError && error.code === one);
      if (code === undefined) throw error;
      return this.form(reply.code(PROBLEMS[code].status), token, error as DomainError);
    }
  }

  private async form(reply: FastifyReply, token: string, refused?: DomainError): Promise<string> {
    const { find, page, values } = this.description;
    const link = { ...(await find(token, reply.request)), token };
    const shown = { token, ...values(link, refused, reply.request) } as PageValues[Form];
    return this.pages.render(reply, page, shown, link.locale);
  }
}

type StateOf<Response> = { readonly [Name in keyof Response]: Response[Name] };

/** @param email the address that the link is about, as its page shows it */
export const tokenState = ({ expiresAt }: TokenDetails, email: string | null = null): StateOf<TokenStateResponse> => ({
  valid: true,
  expiresAt: expiresAt.toISOString(),
  email,
});

export const proofLinkState = (link: TokenDetails, email: string | null): StateOf<ProofLinkStateResponse> => ({
  ...tokenState(link, email),
  newPasswordRequired: link.newPasswordRequired,
});

/** When and from where the link was requested, so that readers can tell whether they requested it. */
export function requestOf(link: Pick<TokenDetails, 'requestedAt' | 'requestedIp' | 'requestedUserAgent'>): {
  requestedAt: Date;
  requestedFrom: string | null;
} {
  return {
    requestedAt: link.requestedAt,
    requestedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
  };
}
