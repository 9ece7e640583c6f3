import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';
import type { ProviderNames } from './change-words.js';

const NONE: ProviderNames = {};

/** What the providers that people can sign in with are called; none until they have been read. They change with a restart only. */
export function useProviderNames(): ProviderNames {
  const { data } = useQuery({
    queryKey: ['provider names'],
    queryFn: async ({ signal }): Promise<ProviderNames> => {
      const { items } = await answer(api.GET('/auth/methods', { signal }));
      return Object.fromEntries(items.flatMap(({ id, provider }) => (provider ? [[id, provider.name]] : [])));
    },
    staleTime: Infinity,
  });
  return data ?? NONE;
}
