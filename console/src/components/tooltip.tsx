import { Tooltip as Base } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';
import styles from './popup.module.css';

/** What a tooltip says is made up once it is shown: a list has a hundred of them. */
const handle = Base.createHandle<() => string>();

interface TooltipProps {
  readonly text: () => string;
  /** What it belongs to, by hover and focus. It must have a name of its own: touch screens show no tooltips. */
  readonly children: ReactElement;
}

/** Something with a tooltip. It is shown by `Tooltips`, of which there is one. */
export function Tooltip({ text, children }: TooltipProps) {
  return <Base.Trigger handle={handle} payload={text} delay={300} render={children} />;
}

/** The tooltip of whatever is pointed at or has the focus. */
export function Tooltips() {
  return (
    <Base.Root handle={handle}>
      {({ payload }) => (
        <Base.Portal>
          <Base.Positioner className={styles.positioner} sideOffset={6}>
            <Base.Popup className={styles.tip}>{payload?.()}</Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      )}
    </Base.Root>
  );
}
