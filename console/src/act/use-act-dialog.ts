import { useState } from 'react';
import { type Act, useAct } from './use-act.js';

interface ActDialog<About, Input> {
  readonly open: (about: About) => void;
  /** What it is about, as it was when it was opened; undefined while it is closed. */
  readonly about: About | undefined;
  /** Does it, and closes the dialog once it is done. */
  readonly submit: (input: Input) => void;
  /** For `ConfirmDialog`, or a form of its own. */
  readonly dialog: {
    readonly open: boolean;
    readonly onClose: () => void;
    readonly busy: boolean;
    readonly error: Error | undefined;
  };
}

/**
 * An act that a dialog asks about first. Whatever it is refused with is said in the dialog, which stays open with all that was entered
 * until the act is done or given up. It goes on to be about what was seen when it was opened, even if that is read again meanwhile: so
 * a change by somebody else is noticed (412), not overwritten.
 * @param actOn what to do, by what it is about
 * @param onDone what follows, after the dialog is closed
 */
export function useActDialog<Output = unknown, Input = void, About = void>(
  actOn: (about: About) => Omit<Act<Input, Output>, 'errors' | 'theirs'>,
  onDone?: (output: Output) => void,
): ActDialog<About, Input> {
  const [opened, setOpened] = useState<{ readonly about: About }>();
  const given = opened && actOn(opened.about);
  const act = useAct<Input, Output>({
    run: () => Promise.reject(new Error('Its dialog is closed')),
    ...given,
    errors: 'caller',
    theirs: () => close(),
  });
  const close = (): void => {
    setOpened(undefined);
    act.reset();
  };
  const submit = async (input: Input): Promise<void> => {
    const done = await act.start(input);
    if (!done) return;
    close();
    onDone?.(done.output);
  };
  return {
    open: (about) => setOpened({ about }),
    about: opened?.about,
    submit: (input) => void submit(input),
    dialog: { open: opened !== undefined, onClose: close, busy: act.busy, error: act.error },
  };
}
