import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ApiProblem } from '../api/api-problem.js';
import { notify } from '../components/toasts.js';
import { useMeanwhile } from './meanwhile.js';
import { personKey } from './person-queries.js';
import { useShown } from './shown-person.js';

/** Something that is done to the person whose page it is. */
export interface PersonAct {
  /** @param etag of the state that one saw, for `If-Match` where the act depends on it */
  readonly act: (etag: string) => Promise<unknown>;
  /** Of another state than the one that is shown now, such as that with which a form began. */
  readonly etag?: string;
  /** Said once it is done. */
  readonly done: string;
  /** Takes it back. */
  readonly undo?: () => Promise<unknown>;
  /** What one wanted fields to be, to be shown beside what somebody else has made of them meanwhile. */
  readonly mine?: Readonly<Record<string, unknown>>;
}

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
