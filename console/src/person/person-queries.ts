import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ApiProblem } from '../api/api-problem.js';
import { answer, answerWithEtag, api } from '../api/client.js';
import type { HelpAnswer, User } from '../api/schema.js';
import { useLanguage } from '../language/language.js';
import { type Point, pointText } from './address.js';
import type { Kind, ReadList } from './timeline.js';

/** Everything that is kept about one person begins with this key: after an act all of it is asked for again. */
export const personKey = (id: string) => ['person', id] as const;

/** How many entries are read at a time. */
const PAGE = 50;

/** A person as it is now, or what is known about one who is gone. */
export type Found =
  | { readonly user: User; readonly etag: string | undefined; readonly gone?: never }
  /** Nobody is there whom the reader may see; the facts say whether somebody was. */
  | { readonly user?: never; readonly etag?: never; readonly gone: HelpAnswer };

/** The person now. */
export function usePerson(id: string) {
  return useQuery({
    queryKey: [...personKey(id), 'now'],
    queryFn: ({ signal }) => readPerson(id, signal),
  });
}

/** A deleted person is found by who may see deleted ones only, which the look-up of help knows. @throws ApiProblem, Unreachable */
async function readPerson(id: string, signal: AbortSignal): Promise<Found> {
  const path = { id };
  try {
    const { data: user, etag } = await answerWithEtag(api.GET('/users/{id}', { params: { path }, signal }));
    return { user, etag };
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
  }
  const help = await readHelp(id, signal);
  if (!help.user) return { gone: help };
  const query = { includeDeleted: 'true' } as const;
  const { data: user, etag } = await answerWithEtag(api.GET('/users/{id}', { params: { path, query }, signal }));
  return { user, etag };
}

/** With its times in the reader's zone. */
function readHelp(about: string, signal: AbortSignal): Promise<HelpAnswer> {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return answer(api.GET('/help', { params: { query: { about, timeZone } }, signal }));
}

/** Why the person cannot sign in, and what else is known, in the reader's language. */
export function useHelp(id: string) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...personKey(id), 'help', language],
    queryFn: ({ signal }) => readHelp(id, signal),
  });
}

const deletedToo = ({ status }: User) => (status === 'DELETED' ? ({ includeDeleted: 'true' } as const) : {});

/** The person as it was. @throws ApiProblem 404 where it was not there yet */
export function usePast(user: User, point: Point) {
  return useQuery({
    queryKey: [...personKey(user.id), 'past', point],
    queryFn: ({ signal }) => {
      const query = { ...deletedToo(user), ...point };
      return answer(api.GET('/users/{id}', { params: { path: { id: user.id }, query }, signal }));
    },
    enabled: point !== undefined,
  });
}

/** What has changed between a point and now. */
export function useChangesSince(user: User, point: Point) {
  return useQuery({
    queryKey: [...personKey(user.id), 'changes since', point, user.version],
    queryFn: ({ signal }) => {
      const query = { ...deletedToo(user), from: pointText(point ?? { version: user.version }) };
      return answer(api.GET('/users/{id}/diff', { params: { path: { id: user.id }, query }, signal }));
    },
    enabled: point !== undefined,
  });
}

/** The name by which a colleague is called, for those whom the reader may see. */
export function useName(id: string | undefined) {
  return useQuery({
    queryKey: ['person', id, 'name'],
    queryFn: ({ signal }) => answer(api.GET('/users/{id}', { params: { path: { id: id ?? '' } }, signal })),
    enabled: id !== undefined,
    staleTime: 60_000,
  });
}

/** The lists of which the timeline is made, as far as they have been read. Those that the reader may not see are not asked for. */
export function useLists(user: User, kinds: readonly Kind[]) {
  const { id, _links: links } = user;
  const key = [...personKey(id), 'list'];
  const changes = useInfiniteQuery({
    queryKey: [...key, 'changes'],
    queryFn: ({ pageParam: cursor, signal }) =>
      answer(
        api.GET('/users/{id}/history', {
          params: { path: { id }, query: { ...deletedToo(user), ...pageOf(cursor) } },
          signal,
        }),
      ),
    ...FROM_THE_NEWEST,
    enabled: 'history' in links && kinds.includes('changes'),
  });
  const signIns = useInfiniteQuery({
    queryKey: [...key, 'signIns'],
    queryFn: ({ pageParam: cursor, signal }) =>
      answer(api.GET('/users/{id}/sign-ins', { params: { path: { id }, query: pageOf(cursor) }, signal })),
    ...FROM_THE_NEWEST,
    enabled: 'signIns' in links && kinds.includes('signIns'),
  });
  const mails = useInfiniteQuery({
    queryKey: [...key, 'mails'],
    queryFn: ({ pageParam: cursor, signal }) =>
      answer(api.GET('/users/{id}/mails', { params: { path: { id }, query: pageOf(cursor) }, signal })),
    ...FROM_THE_NEWEST,
    enabled: 'mails' in links && kinds.includes('mails'),
  });
  return { changes, signIns, mails };
}

export type Lists = ReturnType<typeof useLists>;

/** What has been read of a list that may be seen. */
export function readList(kind: Kind, lists: Lists): ReadList {
  const { data, hasNextPage } = lists[kind];
  const items = (data?.pages ?? []).flatMap((page): readonly unknown[] => page.items);
  return { kind, items, hasMore: data === undefined || hasNextPage } as ReadList;
}

const pageOf = (cursor: string | null) => ({ limit: PAGE, ...(cursor !== null && { cursor }) });

const FROM_THE_NEWEST = {
  initialPageParam: null as string | null,
  getNextPageParam: ({ page }: { readonly page: { readonly nextCursor: string | null } }) => page.nextCursor,
};

/** Where the person is signed in. */
export function useSessions({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'sessions'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/users/{id}/sessions', { params: { path: { id } }, signal }))).items,
  });
}

/** The devices that are not asked for a second factor. */
export function useRememberedDevices({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'remembered devices'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/users/{id}/remembered-devices', { params: { path: { id } }, signal }))).items,
  });
}

/** The ways in which the person can sign in. */
export function useMethods({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'methods'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/users/{id}/methods', { params: { path: { id } }, signal }))).items,
  });
}

/** The accounts at other providers that are linked. */
export function useIdentities({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'identities'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/users/{id}/identities', { params: { path: { id } }, signal }))).items,
  });
}

/** The second factors, and how many recovery codes are left. */
export function useFactors({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'factors'],
    queryFn: ({ signal }) => answer(api.GET('/users/{id}/factors', { params: { path: { id } }, signal })),
  });
}

/** Further addresses and phone numbers. */
export function useContacts({ id }: User) {
  return useQuery({
    queryKey: [...personKey(id), 'contacts'],
    queryFn: ({ signal }) => answer(api.GET('/users/{id}/contacts', { params: { path: { id } }, signal })),
  });
}
