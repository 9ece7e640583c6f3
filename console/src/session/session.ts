import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { CurrentSessionResponse, User } from '../api/schema.js';
import { missed, nextLook, reached } from './connection.js';

/** How often the console asks whether it is still signed in, while it is looked at. */
const EVERY_MS = 4000;
/** An answer that takes longer is none: the next look may find a server that was started again. */
const PATIENCE_MS = 10_000;

export const SESSION_KEY = ['session'] as const;

async function look(signal: AbortSignal): Promise<CurrentSessionResponse> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const session = await answer(api.GET('/auth/session', { signal: within }));
    reached();
    return session;
  } catch (error) {
    // Nobody waits for it any more.
    if (signal.aborted) throw error;
    if (error instanceof ApiProblem && error.status < 500) reached();
    else missed();
    throw error;
  }
}

/** Who is signed in. Asked again every few seconds, so that a session that was ended elsewhere shows. */
export function useSession() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => look(signal),
    refetchInterval: () => nextLook(EVERY_MS),
    staleTime: EVERY_MS,
    // The next look is soon enough.
    retry: false,
  });
}

/** Whether the session has ended, as far as the last look tells. */
export function hasEnded(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

const Viewer = createContext<User | undefined>(undefined);
export const ViewerProvider = Viewer.Provider;

/** Who looks at the console. What they may do with somebody is in the `_links` of that user, and nowhere else. */
export function useViewer(): User {
  const viewer = useContext(Viewer);
  if (!viewer) throw new Error('useViewer() belongs below the layout');
  return viewer;
}
