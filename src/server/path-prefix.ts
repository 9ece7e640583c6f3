import type { FastifyInstance, RouteOptions } from 'fastify';
import { pathPrefixOf } from '../config/path-prefix.js';
import { StartError } from '../config/start-error.js';

// Inside Roster, no path has the prefix: it is taken off where requests come in and put on where answers leave.

/**
 * Puts the prefix of `PUBLIC_URL` on every path of Roster's own that leaves it: `Location`, `Link`, `Refresh`, the addresses in pages, and
 * each `href` in JSON. Does nothing where there is no prefix. Before the routes are made.
 * @throws StartError where a route begins as the prefix does, so that a request could mean either
 */
export function addPathPrefix(fastify: FastifyInstance, publicUrl: string): void {
  const prefix = pathPrefixOf(publicUrl);
  if (prefix === '') return;
  const first = `/${prefix.split('/', 2)[1]}`;
  fastify.addHook('onRoute', ({ url }: RouteOptions) => {
    if (url !== first && !url.startsWith(`${first}/`)) return;
    throw new StartError(`PUBLIC_URL: ${first} is a path of Roster's own (${url}); choose another path prefix.`);
  });
  const put = putterOf(prefix);
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    for (const name of ['location', 'link', 'refresh'] as const) {
      const value = reply.getHeader(name);
      if (typeof value === 'string') void reply.header(name, put[name](value));
    }
    if (typeof payload !== 'string') {
      done(null, payload);
      return;
    }
    const type = String(reply.getHeader('content-type'));
    const changed = /^text\/html/.test(type) ? put.html(payload) : /[/+]json/.test(type) ? put.json(payload) : payload;
    // Set by some for the text that it was.
    if (changed !== payload) void reply.removeHeader('content-length');
    done(null, changed);
  });
}

/** A path of Roster's own: neither `//host` nor one that has the prefix already. */
function putterOf(prefix: string) {
  const escaped = prefix.replaceAll(/[.~-]/g, String.raw`\$&`);
  const own = `/(?!/)(?!${escaped.slice(1)}(?:[/?#"'>]|$))`;
  const [location, link] = [new RegExp(`^${own}`), new RegExp(`<${own}`, 'g')];
  const refresh = new RegExp(String.raw`^(\d+; url=)${own}`);
  // In a text of somebody's, the quotation mark is escaped: `&quot;` in HTML, `\"` in JSON.
  const attribute = new RegExp(`(\\s(?:href|src|action|formaction)=")${own}`, 'g');
  const member = new RegExp(`("href":")${own}`, 'g');
  return {
    location: (value: string) => value.replace(location, `${prefix}/`),
    link: (value: string) => value.replace(link, `<${prefix}/`),
    refresh: (value: string) => value.replace(refresh, `$1${prefix}/`),
    html: (text: string) => text.replace(attribute, `$1${prefix}/`),
    json: (text: string) => text.replace(member, `$1${prefix}/`),
  };
}
