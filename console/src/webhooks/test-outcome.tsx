import type { WebhookTestResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Dialog } from '../components/dialog.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

interface TestOutcomeProps {
  readonly outcome: WebhookTestResponse;
  readonly onClose: () => void;
}

/** What the receiver answered to a test message. */
export function TestOutcome({ outcome: { accepted, status, durationMs, error, answer }, onClose }: TestOutcomeProps) {
  const say = useWords(words);
  return (
    <Dialog
      open
      onClose={onClose}
      title={accepted ? say.testAccepted : say.testRefused}
      actions={<Button onClick={onClose}>{say.close}</Button>}
    >
      <p>
        {status === null ? error : say.answered(status)} · {say.milliseconds(durationMs)}
      </p>
      {answer !== null && <CodeBlock label={say.answer} value={answer} />}
    </Dialog>
  );
}
