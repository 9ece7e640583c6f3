import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Context } from 'oidc-provider';
import { pathPrefixOf } from '../../config/path-prefix.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Pages } from '../../http/pages/pages.js';
import { visitOf } from './visits.js';

/** The page for a request that cannot go back to its client: where it leads to is what is wrong, or not known. */
@Injectable()
export class ProviderErrors {
  private readonly prefix: string;

  constructor(
    @InjectSettings() { PUBLIC_URL }: Settings,
    private readonly pages: Pages,
  ) {
    this.prefix = pathPrefixOf(PUBLIC_URL);
  }

  /** For a request that the library has not seen. */
  send(reply: FastifyReply, { error, description }: { readonly error: string; readonly description: string }): void {
    const values = { error, description, traceId: reply.request.id };
    const page = this.pages.render(reply, 'openid-problem', values);
    void reply.code(400).header('content-type', 'text/html; charset=utf-8').send(page);
  }

  async render(ctx: Context, out: Readonly<Record<string, string>>): Promise<void> {
    const reply = visitOf(ctx.req)?.reply;
    if (!reply) {
      ctx.body = out;
      return Promise.resolve();
    }
    const { error = '', error_description: description = '' } = out;
    ctx.type = 'html';
    const page = this.pages.render(reply, 'openid-problem', { error, description, traceId: reply.request.id });
    // The library sends it, past where the prefix is put on.
    ctx.body = page.replace(/(\s(?:href|src)=")\/(?!\/)/g, `$1${this.prefix}/`);
    // Set on the reply, which the library does not know.
    ctx.set(Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])));
    return Promise.resolve();
  }
}
