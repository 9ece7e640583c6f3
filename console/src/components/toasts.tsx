import { Toast } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import { languageNow, useWords } from '../language/language.js';
import buttons from './button.module.css';
import { IconButton } from './button.js';
import { classNames } from './class-names.js';
import styles from './toasts.module.css';
import { words } from './words.js';

const manager = Toast.createToastManager();

export interface Notice {
  readonly text: string;
  readonly detail?: string | undefined;
  /** `bad`: it did not work. Then it stays until it is closed. */
  readonly tone?: 'good' | 'bad';
  /** Offers to undo what was done, while it can be seen. */
  readonly undo?: () => void;
}

/** Says at the edge of the page what has happened; screen readers say it too. */
export function notify({ text, detail, tone = 'good', undo }: Notice): void {
  const id = manager.add({
    title: text,
    description: detail,
    type: tone,
    // A high one is hidden from screen readers but for its announcement, together with its buttons.
    priority: 'low',
    // Long enough to read and to decide (WCAG 2.2.1); the pointer or the focus on it makes it wait.
    timeout: tone === 'bad' ? 0 : undo ? 12_000 : 6000,
    ...(undo && {
      actionProps: {
        children: words[languageNow()].undo,
        onClick: () => {
          manager.close(id);
          undo();
        },
      },
    }),
  });
}

export function Toasts() {
  const { notifications } = useWords(words);
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport} aria-label={notifications}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { close } = useWords(words);
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={styles.toast} swipeDirection="right" data-notice="">
      <Toast.Content className={styles.content}>
        <Toast.Title className={styles.title} render={<p />} />
        <Toast.Description className={styles.detail} />
      </Toast.Content>
      {toast.actionProps && <Toast.Action className={classNames(buttons.button, buttons.plain)} />}
      <Toast.Close
        render={
          <IconButton label={close}>
            <X aria-hidden="true" />
          </IconButton>
        }
      />
    </Toast.Root>
  ));
}
