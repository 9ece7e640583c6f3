import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';

export const SERVICE_ACCOUNTS_KEY = ['service-accounts'] as const;

export function useServiceAccounts() {
  return useQuery({
    queryKey: [...SERVICE_ACCOUNTS_KEY, 'list'],
    queryFn: ({ signal }) => answer(api.GET('/service-accounts', { signal })),
  });
}

export function useServiceAccount(id: string) {
  return useQuery({
    queryKey: [...SERVICE_ACCOUNTS_KEY, id],
    queryFn: ({ signal }) => answer(api.GET('/service-accounts/{id}', { params: { path: { id } }, signal })),
  });
}

/** Those that are not retired. */
export function useKeysOf(id: string) {
  return useQuery({
    queryKey: [...SERVICE_ACCOUNTS_KEY, id, 'keys'],
    queryFn: ({ signal }) => answer(api.GET('/service-accounts/{id}/keys', { params: { path: { id } }, signal })),
  });
}
