import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { answer, api } from '../api/client.js';
import type { CurrentSessionResponse, User } from '../api/schema.js';

/** How often the console asks whether it is still signed in, while it is looked at. */
const EVERY_MS = 4000;

export const SESSION_KEY = ['session'] as const;

/** Who is signed in. Asked again every few seconds, so that a session that was ended elsewhere shows. */
export function useSession() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }): Promise<CurrentSessionResponse> => answer(api.GET('/auth/session', { signal })),
    refetchInterval: EVERY_MS,
    staleTime: EVERY_MS,
    // The next look is soon enough.
    retry: false,
  });
}

const Viewer = createContext<User | undefined>(undefined);
export const ViewerProvider = Viewer.Provider;

/** Who looks at the console. What they may do with somebody is in the `_links` of that user, and nowhere else. */
export function useViewer(): User {
  const viewer = useContext(Viewer);
  if (!viewer) throw new Error('useViewer() belongs below the layout');
  return viewer;
}
