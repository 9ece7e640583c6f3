import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem, Unreachable } from './api-problem.js';
import { asksAgain, waitBefore } from './retry.js';

const SESSION = 'session';

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    // What one query has found out of the session or the server, the look at the session confirms at once.
    onError: (error, { queryKey }) => {
      const isTelling =
        error instanceof Unreachable || (error instanceof ApiProblem && error.code === 'not-authenticated');
      if (isTelling && queryKey[0] !== SESSION) void queryClient.invalidateQueries({ queryKey: [SESSION] });
    },
  }),
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
