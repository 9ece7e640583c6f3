import { lazy, Suspense } from 'react';
import { useStore } from '../store.js';
import { changedMeanwhile, stepUp } from './questions.js';

const StepUpDialog = lazy(async () => ({ default: (await import('./step-up-dialog.js')).StepUpDialog }));
const ChangedDialog = lazy(async () => ({ default: (await import('./changed-dialog.js')).ChangedDialog }));

/** The dialogs that acts open; see `useAct`. Loaded once they are needed. */
export function ActDialogs() {
  const isProofAsked = useStore(stepUp.asked) !== undefined;
  const isChanged = useStore(changedMeanwhile.asked) !== undefined;
  return (
    <Suspense>
      {isProofAsked && <StepUpDialog />}
      {isChanged && <ChangedDialog />}
    </Suspense>
  );
}
