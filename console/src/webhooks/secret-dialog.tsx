import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Dialog } from '../components/dialog.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

/** The secret of a webhook, which is shown this once. */
export function SecretDialog({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  const say = useWords(words);
  return (
    <Dialog
      open
      mustAnswer
      onClose={onClose}
      title={say.secret}
      actions={
        <Button kind="primary" onClick={onClose}>
          {say.secretStored}
        </Button>
      }
    >
      <p>{say.secretOnce}</p>
      <CodeBlock label={say.secret} value={secret} />
    </Dialog>
  );
}
