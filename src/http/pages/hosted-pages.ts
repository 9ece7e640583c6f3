import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { DomainError } from '../../problems/domain-error.js';
import { problemFrom, problemHeaders } from '../problem.js';
import { ContinueTargets, withContinue } from './continue-targets.js';
import { FlashCookie } from './flash-cookie.js';
import { type FormState, formStateOf, UNTOUCHED } from './form-state.js';
import type { PageName, PageValues } from './page-values.js';
import { Pages } from './pages.js';

/** Where somebody is led who lacks something that the route asks for, to come back afterwards. */
const DETOURS: ReadonlyMap<string, string> = new Map([
  ['not-authenticated', '/sign-in'],
  ['step-up-required', '/account/confirm'],
]);

type ShownValues<Name extends PageName> = Omit<PageValues[Name], keyof FormState>;

/** What handlers of hosted pages answer with: a page, the page of a refused form, or a redirect. */
@Injectable()
export class HostedPages {
  private readonly flash: FlashCookie;
  private readonly publicUrl: string;
  /** The application's page for signing in, where ours are not served. */
  private readonly ownSignIn: string | undefined;

  constructor(
    @InjectSettings() { PUBLIC_URL, HOSTED_PAGES, LINK_URLS }: Settings,
    private readonly pages: Pages,
    private readonly targets: ContinueTargets,
  ) {
    this.flash = new FlashCookie(PUBLIC_URL);
    this.publicUrl = PUBLIC_URL;
    this.ownSignIn = HOSTED_PAGES ? undefined : LINK_URLS?.['sign-in'];
  }

  /** A page, with what the form before it has done. Its address holds no secret, so forms may say where they come from. */
  show<Name extends PageName>(
    reply: FastifyReply,
    name: Name,
    values: ShownValues<Name>,
    locale: string | null = null,
  ): string {
    const done = this.flash.take(reply.request, reply);
    return this.render(reply, name, { ...UNTOUCHED, ...values }, { locale, done });
  }

  /**
   * The form again, with the status of the problem.
   * @param values as entered, but never a password
   * @throws the error itself, unless it is one that a caller may see
   */
  refuse<Name extends PageName>(
    reply: FastifyReply,
    name: Name,
    values: ShownValues<Name>,
    error: unknown,
    locale: string | null = null,
  ): string {
    if (!(error instanceof DomainError)) throw error;
    const { url: instance, id: traceId } = reply.request;
    const problem = problemFrom(error, { instance, traceId });
    void reply.code(problem.status).headers(problemHeaders(error, problem));
    return this.render(reply, name, { ...values, ...formStateOf(error) }, { locale });
  }

  /** The language tag of a reader who is not known yet. */
  languageOf(request: FastifyRequest): string {
    return this.pages.languageFor(request, 'error');
  }

  /**
   * 303, so that loading the next page again sends nothing again.
   * @param to a path of ours, or what `ContinueTargets` has checked
   * @param done what to say there, a sentence of `flash.hbs`: `profile-saved`
   */
  redirect(reply: FastifyReply, to: string, done?: string): string {
    if (done !== undefined) this.flash.set(reply, done);
    void reply.code(303).headers({ location: to, 'cache-control': 'no-store' });
    return '';
  }

  /** The page that leads back here once it has what this problem says is lacking; undefined for other problems. */
  detour(request: FastifyRequest, code: string): string | undefined {
    const page = this.pageOf(request);
    // Without pages of ours, the console is the only one that takes a session.
    if (code === 'not-authenticated' && this.ownSignIn !== undefined)
      return signInAt(this.ownSignIn, this.publicUrl, page);
    const path = DETOURS.get(code);
    return path === undefined ? undefined : withContinue(path, page);
  }

  /**
   * The page to sign in: ours, or the application's where ours are not served.
   * @param page of ours, to come back to
   * @param query what our page knows beside it
   */
  signInUrl(page: string, query: Readonly<Record<string, string>> = {}): string {
    if (this.ownSignIn !== undefined) return signInAt(this.ownSignIn, this.publicUrl, page);
    return withContinue('/sign-in', page, query);
  }

  /** The same as an absolute URL, for visitors of another server. @param target checked */
  absoluteSignInUrl(target: string | null): string {
    if (this.ownSignIn !== undefined) return signInAt(this.ownSignIn, this.publicUrl, target);
    return this.publicUrl + withContinue('/sign-in', target);
  }

  /** The page to prove again who one is; the one to sign in where ours are not served. */
  confirmUrl(page: string): string {
    return this.ownSignIn === undefined
      ? withContinue('/account/confirm', page, { again: 'yes' })
      : this.signInUrl(page);
  }

  /** The page itself, or that of the form: what was in the form is lost. */
  private pageOf({ method, url, headers }: FastifyRequest): string | null {
    return this.targets.check(method === 'GET' || method === 'HEAD' ? url : headers.referer);
  }

  private render(
    reply: FastifyReply,
    name: PageName,
    values: object,
    { locale, done }: { readonly locale: string | null; readonly done?: string | undefined },
  ): string {
    const page = this.pages.render(reply, name, values, locale, done);
    void reply.header('referrer-policy', 'same-origin');
    return page;
  }
}

/** The application's page, told where to come back to. @param page a path of ours, or an absolute URL */
function signInAt(signIn: string, publicUrl: string, page: string | null): string {
  const url = new URL(signIn);
  if (page !== null) url.searchParams.set('continue', page.startsWith('/') ? publicUrl + page : page);
  return url.href;
}
