import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { PREFIX } from '../app/base.js';
import { answer, answerWithEtag, api } from '../api/client.js';

export const APPLICATIONS_KEY = ['applications'] as const;

/** Whom applications sign people in with (OpenID Connect Discovery 1.0, 3). */
export const issuer = (): string => `${location.origin}${PREFIX}`;

export function useApplications(cursor: string | undefined) {
  const query = { limit: 50, ...(cursor !== undefined && { cursor }) };
  return useQuery({
    queryKey: [...APPLICATIONS_KEY, 'list', query],
    queryFn: ({ signal }) => answer(api.GET('/clients', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** With the ETag to change it by. */
export function useApplication(id: string) {
  return useQuery({
    queryKey: [...APPLICATIONS_KEY, id],
    queryFn: ({ signal }) => answerWithEtag(api.GET('/clients/{id}', { params: { path: { id } }, signal })),
  });
}

/** The log, also of an application that was deleted. */
export function useApplicationLog(id: string, cursor: string | undefined) {
  const query = { limit: 20, ...(cursor !== undefined && { cursor }) };
  return useQuery({
    queryKey: [...APPLICATIONS_KEY, id, 'log', query],
    queryFn: ({ signal }) => answer(api.GET('/clients/{id}/events', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}
