import { useRef } from 'react';
import { useAct } from '../act/use-act.js';
import { changedPerson } from './changed-person.js';
import type { PersonAct } from './person-act.js';
import { useShown } from './shown-person.js';

interface Performing {
  /** @returns whether nothing is left to ask where it was started: it was done, or what somebody else made of it was taken instead */
  readonly perform: (act: PersonAct) => Promise<boolean>;
  readonly busy: boolean;
  /** Why it was refused, with `caller`. */
  readonly error: Error | undefined;
}

/**
 * Does something to the person, says what came of it, and reads again what the page shows.
 * @param errors `caller`: where it was started, a refusal is said as well
 */
export function usePerform(errors: 'toast' | 'caller' = 'toast'): Performing {
  const { user, etag } = useShown();
  const tookTheirs = useRef(false);
  const undoing = useAct<() => Promise<unknown>>({ run: (undo) => undo() });
  const acting = useAct<PersonAct>({
    run: (given, again) => given.act(again.etag ?? given.etag ?? etag),
    changed: (given) => changedPerson(user.id, given.etag ?? etag, given.mine),
    theirs: () => {
      tookTheirs.current = true;
    },
    done: (_, { done, undo }) => ({ text: done, ...(undo && { undo: () => void undoing.start(undo) }) }),
    errors,
  });
  const perform = async (act: PersonAct): Promise<boolean> => {
    tookTheirs.current = false;
    return (await acting.start(act)) !== undefined || tookTheirs.current;
  };
  return { perform, busy: acting.busy, error: acting.error };
}
