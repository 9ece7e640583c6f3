import { QueryClient } from '@tanstack/react-query';
import { asksAgain, waitBefore } from './retry.js';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: asksAgain,
      retryDelay: waitBefore,
      staleTime: 5000,
      refetchOnWindowFocus: true,
      refetchOnReconnect: true,
    },
    // An act is never repeated without the person who started it: `useAct` offers to.
    mutations: { retry: false, networkMode: 'always' },
  },
});
