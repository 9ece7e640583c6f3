import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode, RefObject, SyntheticEvent } from 'react';
import { classNames } from './class-names.js';
import styles from './dialog.module.css';
import { useIsForMe } from './open-dialogs.js';

interface DialogProps {
  readonly open: boolean;
  /** Esc, a click beside it, or a button of its own. */
  readonly onClose: () => void;
  readonly title: string;
  readonly children?: ReactNode;
  /** Its buttons; with `onSubmit`, one of them has the type `submit`. */
  readonly actions?: ReactNode;
  /** Makes it a form: Enter in a field submits. */
  readonly onSubmit?: () => void;
  readonly wide?: boolean;
  /** What has the focus at first; its first field by default. */
  readonly initialFocus?: RefObject<HTMLElement | null>;
  /** Whether Esc and a click beside it leave it open: for what has to be answered. */
  readonly mustAnswer?: boolean;
}

/** Keeps the focus while it is open, and gives it back afterwards. */
export function Dialog({
  open,
  onClose,
  title,
  children,
  actions,
  onSubmit,
  wide,
  initialFocus,
  mustAnswer,
}: DialogProps) {
  const isForMe = useIsForMe(open);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    // React hands the event on to forms around the portal.
    event.stopPropagation();
    onSubmit?.();
  };
  const content = (
    <>
      <Base.Title className={styles.title}>{title}</Base.Title>
      <div className={styles.body}>{children}</div>
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </>
  );
  return (
    <Base.Root open={open} onOpenChange={(next, { event }) => !next && isForMe(event) && !mustAnswer && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Viewport className={styles.viewport}>
          <Base.Popup
            className={classNames(styles.popup, wide && styles.wide)}
            initialFocus={initialFocus}
            role={mustAnswer ? 'alertdialog' : 'dialog'}
          >
            {onSubmit ? (
              <form className={styles.form} onSubmit={submit} noValidate>
                {content}
              </form>
            ) : (
              content
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
