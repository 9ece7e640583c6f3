import { useState } from 'react';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { useWords } from '../language/language.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

interface RemovalProps {
  /** Whether the links allow it. The question stays open where they no longer do, so that it can say why it was refused. */
  readonly offered: boolean;
  /** `remove` by default. */
  readonly kind?: 'remove' | 'unlink';
  /** Of what is removed. */
  readonly name: string;
  /** What follows from it. */
  readonly what: string;
  readonly act: (etag: string) => Promise<unknown>;
}

/** A button that removes something after it has asked. */
export function Removal({ offered, kind = 'remove', name, what, act }: RemovalProps) {
  const say = useWords(words);
  const { perform, busy, error } = usePerform('caller');
  const [isAsking, ask] = useState(false);
  const verb = say.acts[kind];
  const remove = async (): Promise<void> => {
    if (await perform({ act, done: kind === 'unlink' ? say.done.unlinked : say.done.removed })) ask(false);
  };
  return (
    <>
      {offered && (
        <Button aria-label={`${verb}: ${name}`} onClick={() => ask(true)}>
          {verb}
        </Button>
      )}
      <ConfirmDialog
        open={isAsking}
        onClose={() => ask(false)}
        title={kind === 'unlink' ? say.ask.unlink(name) : say.ask.removeMethod(name)}
        confirm={verb}
        kind="danger"
        onConfirm={() => void remove()}
        busy={busy}
        error={error}
      >
        <p>{what}</p>
      </ConfirmDialog>
    </>
  );
}
