import { useId, useLayoutEffect } from 'react';

/** Those that are open, the one above all others last. */
const open: string[] = [];
/** A key closes one dialog, even if that one is gone before the next one hears of the key. */
const taken = new WeakSet<Event>();

/**
 * Counts a dialog among those that are open, for as long as it is.
 * @returns whether an event, such as Esc, is for this dialog: the one above all others. They need not be nested in React's tree
 */
export function useIsForMe(isOpen: boolean): (event: Event) => boolean {
  const id = useId();
  // Before anybody can see it, and press a key.
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    open.push(id);
    return () => {
      open.splice(open.indexOf(id), 1);
    };
  }, [isOpen, id]);
  return (event) => {
    if (taken.has(event) || open.at(-1) !== id) return false;
    taken.add(event);
    return true;
  };
}
