import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';
import type { DeliveryState } from '../api/schema.js';

/** Everything here changes by itself. */
const EVERY_MS = 5000;

export const WEBHOOKS_KEY = ['webhooks'] as const;
export const SINKS_KEY = ['sinks'] as const;

export function useWebhooks() {
  return useQuery({
    queryKey: [...WEBHOOKS_KEY, 'list'],
    queryFn: async ({ signal }) => (await answer(api.GET('/webhooks', { signal }))).items,
    refetchInterval: EVERY_MS,
  });
}

export function useWebhook(id: string) {
  return useQuery({
    queryKey: [...WEBHOOKS_KEY, id],
    queryFn: ({ signal }) => answer(api.GET('/webhooks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useDeliveries(id: string, state: DeliveryState | undefined, cursor: string | undefined) {
  const query = { limit: 20, ...(state && { state }), ...(cursor !== undefined && { cursor }) };
  return useQuery({
    queryKey: [...WEBHOOKS_KEY, id, 'deliveries', query],
    queryFn: ({ signal }) => answer(api.GET('/webhooks/{id}/deliveries', { params: { path: { id }, query }, signal })),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
}

export function useDelivery(id: string, deliveryId: string) {
  return useQuery({
    queryKey: [...WEBHOOKS_KEY, id, 'delivery', deliveryId],
    queryFn: ({ signal }) =>
      answer(api.GET('/webhooks/{id}/deliveries/{deliveryId}', { params: { path: { id, deliveryId } }, signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useSinks() {
  return useQuery({
    queryKey: [...SINKS_KEY, 'list'],
    queryFn: async ({ signal }) => (await answer(api.GET('/relay', { signal }))).items,
    refetchInterval: EVERY_MS,
  });
}

export function useDeadLetters(sink: string, cursor: string | undefined) {
  const query = { limit: 20, ...(cursor !== undefined && { cursor }) };
  return useQuery({
    queryKey: [...SINKS_KEY, sink, query],
    queryFn: ({ signal }) =>
      answer(api.GET('/relay/{sink}/dead-letters', { params: { path: { sink }, query }, signal })),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
}
