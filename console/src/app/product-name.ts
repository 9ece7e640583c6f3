import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';

/** `PRODUCT_NAME`, as the API's entry point names it. */
export function useProductName(): string {
  const entry = useQuery({
    queryKey: ['entry'],
    queryFn: ({ signal }) => answer(api.GET('/', { signal })),
    staleTime: Infinity,
  });
  // For a browser that asks for HTML it is a page.
  return typeof entry.data === 'object' ? entry.data.name : 'Roster';
}
