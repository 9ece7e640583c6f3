import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';

/** What has been done of the first steps. */
export interface Steps {
  readonly invited: boolean;
  readonly registered: boolean;
  readonly mail: boolean;
}

async function look(signal: AbortSignal): Promise<Steps> {
  const [staff, users, health] = await Promise.all([
    answer(api.GET('/users', { params: { query: { role: 'MANAGER,ADMIN', limit: 2 } }, signal })),
    answer(api.GET('/users', { params: { query: { role: 'AUTHENTICATED', limit: 1 } }, signal })),
    answer(api.GET('/health/details', { signal })),
  ]);
  return {
    // The other one is who looks.
    invited: staff.items.length > 1,
    registered: users.items.length > 0,
    mail: health.settings.some(({ name, origin }) => name === 'SMTP_URL' && ['set', 'file'].includes(origin)),
  };
}

export function useSteps() {
  return useQuery({ queryKey: ['first-steps'], queryFn: ({ signal }) => look(signal) });
}
