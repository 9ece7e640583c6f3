import type { ClientWithSecretResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Dialog } from '../components/dialog.js';
import { useWords } from '../language/language.js';
import styles from './applications.module.css';
import { issuer } from './queries.js';
import { words } from './words.js';

interface SecretDialogProps {
  readonly application: ClientWithSecretResponse;
  readonly onClose: () => void;
}

/** What a new application has to be told, with its secret, which is shown this once. */
export function SecretDialog({ application: { clientId, clientSecret }, onClose }: SecretDialogProps) {
  const say = useWords(words);
  const values = [
    [say.issuer, issuer()],
    [say.clientId, clientId],
    ...(clientSecret === undefined ? [] : [[say.clientSecret, clientSecret] as const]),
  ] as const;
  return (
    <Dialog
      open
      mustAnswer
      onClose={onClose}
      title={say.secretTitle}
      actions={
        <Button kind="primary" onClick={onClose}>
          {clientSecret === undefined ? say.done : say.secretStored}
        </Button>
      }
    >
      <p>{clientSecret === undefined ? say.publicCreated : say.secretOnce}</p>
      {values.map(([name, value]) => (
        <div key={name} className={styles.choice}>
          <span>{name}</span>
          <CodeBlock label={name} value={value} />
        </div>
      ))}
    </Dialog>
  );
}
