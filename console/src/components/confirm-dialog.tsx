import { type ReactNode, useState } from 'react';
import { useWords } from '../language/language.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Refusal } from './refusal.js';
import { TextField } from './text-field.js';
import { words } from './words.js';

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What will happen, and whether it can be undone. */
  readonly children?: ReactNode;
  /** The button that does it: a verb. */
  readonly confirm: string;
  readonly kind?: 'primary' | 'danger';
  /** Asks for a reason. */
  readonly reason?: {
    readonly label?: string;
    readonly hint?: string;
    readonly required?: boolean;
    readonly maxLength: number;
  };
  /** What has to be typed first, such as the address of somebody who is to be erased. */
  readonly typed?: string;
  /** @param reason trimmed; undefined if none was given */
  readonly onConfirm: (reason: string | undefined) => void;
  readonly busy?: boolean;
  /** Why it did not happen. */
  readonly error?: Error | undefined;
}

/** Asks before something happens. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  // Its fields are empty each time.
  return props.open ? <OpenDialog {...props} /> : null;
}

function OpenDialog({
  onClose,
  title,
  children,
  confirm,
  kind = 'primary',
  reason,
  typed,
  onConfirm,
  busy = false,
  error,
}: ConfirmDialogProps) {
  const say = useWords(words);
  const [given, setGiven] = useState('');
  const [entered, setEntered] = useState('');
  const trimmed = given.trim();
  const isReady = (typed === undefined || entered.trim() === typed) && (!reason?.required || trimmed !== '');
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      onSubmit={() => isReady && !busy && onConfirm(trimmed === '' ? undefined : trimmed)}
      actions={
        <>
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind={kind} type="submit" busy={busy} disabled={!isReady}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {reason && (
        <TextField
          label={reason.label ?? say.reason}
          hint={reason.hint}
          value={given}
          onChange={setGiven}
          rows={2}
          maxLength={reason.maxLength}
          optional={!reason.required}
        />
      )}
      {typed !== undefined && (
        <TextField
          label={say.typeToConfirm(typed)}
          value={entered}
          onChange={setEntered}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Refusal error={error} />
    </Dialog>
  );
}
