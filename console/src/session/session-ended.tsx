import { useRef } from 'react';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

/**
 * Covers the page once its session has ended, or is somebody else's. The server leads a page that is loaded without a session to the
 * sign-in and back to this very address.
 */
export function SessionEnded({ other }: { readonly other: boolean }) {
  const say = useWords(words);
  const main = useRef<HTMLButtonElement>(null);
  const reload = (): void => {
    location.reload();
  };
  return (
    <Dialog
      open
      mustAnswer
      initialFocus={main}
      onClose={() => undefined}
      title={other ? say.otherTitle : say.endedTitle}
      actions={
        <Button ref={main} kind="primary" onClick={reload}>
          {other ? say.reload : say.signInAgain}
        </Button>
      }
    >
      <p>{other ? say.otherWhy : say.endedWhy}</p>
      {!other && (
        <p>
          {say.keep}{' '}
          <a href={location.href} target="_blank" rel="noreferrer">
            {say.otherTab}
          </a>
          .
        </p>
      )}
    </Dialog>
  );
}
