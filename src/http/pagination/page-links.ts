import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { PageInfo } from './page.dto.js';

class PageLink {
  @ApiProperty({ format: 'uri-reference', example: '/users?limit=20' })
  readonly href: string;
}

/** The links of a page and its neighbours. */
export class PageLinks {
  @ApiProperty({ type: PageLink }) readonly self: PageLink;
  @ApiProperty({ type: PageLink }) readonly first: PageLink;
  @ApiPropertyOptional({ type: PageLink }) readonly next?: PageLink;
  @ApiPropertyOptional({ type: PageLink }) readonly prev?: PageLink;
}

interface Around {
  /** Null at the end of the list. */
  readonly nextCursor: string | null;
  readonly prevCursor: string | null;
}

/** One page of a list as read. */
export interface PageRead<Item> extends Around {
  readonly items: Item[];
  /** Of the whole list, if requested. */
  readonly total?: number;
}

/** The response with one page, and its `Link` header. */
export function pageAnswer<Item>(
  reply: FastifyReply,
  limit: number,
  { items, ...page }: PageRead<Item>,
): { items: Item[]; page: PageInfo; _links: PageLinks } {
  const links = pageLinks(reply.request.url, page);
  void reply.header('link', linkHeader(links));
  return { items, page: { limit, ...page }, _links: links };
}

/**
 * @param url of the request; the links keep its query except for the cursor
 * @param parameter the query parameter of the cursor
 */
export function pageLinks(url: string, { nextCursor, prevCursor }: Around, parameter = 'cursor'): PageLinks {
  const to = (place: string | null): PageLink => ({ href: withParameter(url, parameter, place) });
  return {
    self: { href: withParameter(url, parameter) },
    first: to(null),
    ...(nextCursor !== null && { next: to(nextCursor) }),
    ...(prevCursor !== null && { prev: to(prevCursor) }),
  };
}

/** The value of a `Link` header (RFC 8288). */
export function linkHeader({ next, prev, first }: PageLinks): string {
  return Object.entries({ next, prev, first })
    .flatMap(([rel, link]) => (link ? [`<${link.href}>; rel="${rel}"`] : []))
    .join(', ');
}

/** Parsed and serialised again, so that nothing can break out of the angle brackets of the header. */
function withParameter(url: string, name: string, value?: string | null): string {
  const { pathname, searchParams } = new URL(url, 'http://host.invalid');
  if (value === null) searchParams.delete(name);
  else if (value !== undefined) searchParams.set(name, value);
  const query = searchParams.toString();
  return query === '' ? pathname : `${pathname}?${query}`;
}
