import type { FastifyReply, FastifyRequest } from 'fastify';
import { cookiesNamed, ownCookie } from '../request/cookies.js';
import { camelCase } from './form-state.js';

const NAME = /^[a-z]+(?:-[a-z]+){0,6}$/;
const LONGEST = 60;
const SECONDS = 60;

/**
 * What a form has just done, for the page that the browser is led to: shown once, and not again when that page is loaded anew. The
 * cookie holds only the name of a sentence in `flash.hbs`, so a planted one makes our page say nothing but one of those.
 */
export class FlashCookie {
  private readonly name: string;
  private readonly attributes: string;

  constructor(publicUrl: string) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-flash', 'Lax', { publicUrl }));
  }

  /** @param what in kebab-case, such as `profile-saved` */
  set(reply: FastifyReply, what: string): void {
    void reply.header('set-cookie', `${this.name}=${what}; ${this.attributes}; Max-Age=${SECONDS}`);
  }

  /** Reads it and deletes it from the browser. @returns its name in camelCase, or undefined */
  take({ headers }: Pick<FastifyRequest, 'headers'>, reply: FastifyReply): string | undefined {
    const [value] = cookiesNamed(headers.cookie ?? '', this.name);
    if (value === undefined) return undefined;
    void reply.header('set-cookie', `${this.name}=; ${this.attributes}; Max-Age=0`);
    return value.length <= LONGEST && NAME.test(value) ? camelCase(value) : undefined;
  }
}
