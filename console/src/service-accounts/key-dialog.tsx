import type { CreatedServiceKeyResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Dialog } from '../components/dialog.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

interface KeyDialogProps {
  readonly made: CreatedServiceKeyResponse;
  readonly onClose: () => void;
}

/** A new key, which is shown this once. */
export function KeyDialog({ made, onClose }: KeyDialogProps) {
  const say = useWords(words);
  return (
    <Dialog
      open
      mustAnswer
      onClose={onClose}
      title={say.keyTitle}
      actions={
        <Button kind="primary" onClick={onClose}>
          {say.keyStored}
        </Button>
      }
    >
      <p>{say.keyOnce}</p>
      <CodeBlock label={say.key} value={made.key} />
    </Dialog>
  );
}
