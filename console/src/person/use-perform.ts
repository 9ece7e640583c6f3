import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ApiProblem } from '../api/api-problem.js';
import { notify } from '../components/toasts.js';
import { useMeanwhile } from './meanwhile.js';
import type { PersonAct } from './person-act.js';
import { personKey } from './person-queries.js';
import { useShown } from './shown-person.js';

/** Does something to the person, says what came of it, and reads again what the page shows. */
export function usePerform() {
  const { user, etag: shown } = useShown();
  const queries = useQueryClient();
  const meanwhile = useMeanwhile();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();

  /** @returns whether nothing is left to ask where it was started; false if it was refused */
  const perform = async (given: PersonAct): Promise<boolean> => {
    const etag = given.etag ?? shown;
    setBusy(true);
    setError(undefined);
    try {
      await given.act(etag);
      notify({ text: given.done });
      await queries.invalidateQueries({ queryKey: personKey(user.id) });
      return true;
    } catch (refused) {
      if (refused instanceof ApiProblem && refused.status === 412) {
        meanwhile({ act: given, etag, again: given.act });
        return true;
      }
      setError(refused as Error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { perform, busy, error };
}
