import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, answer } from '../api/client.js';
import type { EventPage, EventResponse } from '../api/schema.js';
import type { EventsSearch } from './events-search.js';

export const PAGE_SIZE = 50;

export type EventFilter = Pick<EventsSearch, 'types' | 'user' | 'actor'>;

/** The parameters of the API, for a page and for the stream. */
export function filterQuery({ types, user, actor }: EventFilter): {
  readonly types?: string;
  readonly userId?: string;
  readonly actorId?: string;
} {
  return {
    ...(types && { types: types.join(',') }),
    ...(user !== undefined && { userId: user }),
    ...(actor !== undefined && { actorId: actor }),
  };
}

/** A page of the log, the newest first. */
export function useEvents(filter: EventFilter, cursor: string | undefined, live: boolean) {
  const query = { sort: '-occurredAt' as const, limit: PAGE_SIZE, ...filterQuery(filter), ...(cursor && { cursor }) };
  return useQuery({
    queryKey: ['events', query, live],
    // Its other answer is the stream.
    queryFn: async ({ signal }) => (await answer(api.GET('/events', { params: { query }, signal }))) as EventPage,
    placeholderData: keepPreviousData,
    // From here on, the stream says what is new; it begins where this page ends.
    ...(live && { staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false, refetchOnReconnect: false }),
  });
}

/** The event at a position; null where there is none. */
export function useEventAt(position: string | undefined, shown: readonly EventResponse[]) {
  const here = shown.find((event) => String(event.position) === position);
  const query = useQuery({
    queryKey: ['event', position],
    queryFn: async ({ signal }): Promise<EventResponse | null> => {
      const after = String(Number(position) - 1);
      const page = (await answer(api.GET('/events', { params: { query: { after, limit: 1 } }, signal }))) as EventPage;
      return page.items.find((event) => String(event.position) === position) ?? null;
    },
    enabled: position !== undefined && here === undefined,
    staleTime: Infinity,
  });
  return { here, query };
}
