import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answer, api } from '../api/client.js';
import type { User } from '../api/schema.js';

const KEPT_MS = 5 * 60_000;

/** A person as a link, by name or address; by the beginning of the id where there is neither, as for the erased. */
export function PersonLink({ id, at }: { readonly id: string; readonly at?: string }) {
  const { data } = useQuery({
    queryKey: ['person-name', id],
    queryFn: async ({ signal }): Promise<string | null> => {
      const params = { path: { id }, query: { includeDeleted: 'true' as const } };
      return nameOf(await answer<User>(api.GET('/users/{id}', { params, signal })));
    },
    staleTime: KEPT_MS,
    // The id says enough.
    retry: false,
  });
  return (
    <Link to="/people/$id" params={{ id }} search={at === undefined ? {} : { at }} title={id}>
      {data ?? <code>{id.slice(-12)}</code>}
    </Link>
  );
}

export function nameOf({ firstName, lastName, email, username }: User): string | null {
  return [firstName, lastName].filter(Boolean).join(' ') || email || username;
}
